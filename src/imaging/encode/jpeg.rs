//! JPEG: smaller where there is memory for it.

use std::io;

use fast_image_resize::images::Image as Raster;
use mozjpeg::{ColorSpace, Compress};

use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::libjpeg;
use crate::imaging::memory::Memory;

/// How much the colours of a square of pixels may differ before it counts as an edge, of 255.
const COLOUR_EDGE: u8 = 96;

/// One square of so many may be an edge before colours are kept in full: photographs have one of
/// hundreds, coloured writing one of ten.
const SQUARES_TO_AN_EDGE: usize = 20;

/// How colours are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// One for four pixels (4:2:0): of a photograph, the eye does not see it.
    Quarter,
    /// One for each pixel (4:4:4).
    Full,
}

/// Encodes RGB with tables of its own, which take a second pass and make it smaller; in one pass if
/// there is no memory for that.
pub(super) fn encode(raster: &Raster, quality: u8, memory: &Memory<'_>) -> Result<Vec<u8>, ImagingError> {
    let pixels = u64::from(raster.width()) * u64::from(raster.height());
    let colours = colours_of(raster);
    // Beside the pixels, all coefficients, in two bytes each.
    let coefficients = if colours == Colours::Quarter { 3 } else { 6 };
    let two_passes = memory.take(pixels * (3 + coefficients)).is_ok();
    if !two_passes {
        memory.take(pixels * 3)?;
    }
    let width = raster.width() as usize;
    let rows = raster.buffer().chunks_exact(3 * width);
    compress((width, raster.height() as usize), rows, quality, colours, two_passes)
}

/// Encodes rows of RGB in one pass, with all of their colours.
pub(in crate::imaging) fn encode_rows(
    (width, height): (u32, u32),
    rows: impl Iterator<Item = Vec<u8>>,
    quality: u8,
) -> Result<Vec<u8>, ImagingError> {
    compress((width as usize, height as usize), rows, quality, Colours::Full, false)
}

fn compress(
    (width, height): (usize, usize),
    mut rows: impl Iterator<Item = impl AsRef<[u8]>>,
    quality: u8,
    colours: Colours,
    two_passes: bool,
) -> Result<Vec<u8>, ImagingError> {
    let compressed = libjpeg::caught(|| {
        let mut encoder = Compress::new(ColorSpace::JCS_RGB);
        // Trellis quantisation, the default, takes as long as decoding for the last twentieth.
        encoder.set_fastest_defaults();
        encoder.set_size(width, height);
        encoder.set_quality(quality.into());
        encoder.set_optimize_coding(two_passes);
        let pixel_size = if colours == Colours::Quarter { (2, 2) } else { (1, 1) };
        encoder.set_chroma_sampling_pixel_sizes(pixel_size, pixel_size);
        let mut encoder = encoder.start_compress(Vec::new())?;
        rows.try_for_each(|row| encoder.write_scanlines(row.as_ref()))?;
        encoder.finish()
    });
    compressed.map_err(|error: io::Error| encoding(error))
}

/// Whether there are so many edges between colours that a quarter of them would be seen to miss:
/// coloured writing, drawings, screens.
fn colours_of(raster: &Raster) -> Colours {
    let row = 3 * raster.width() as usize;
    let (mut squares, mut edges) = (0, 0);
    // Every second of them says enough.
    for rows in raster.buffer().chunks_exact(4 * row) {
        let (upper, lower) = rows[..2 * row].split_at(row);
        for (upper, lower) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            squares += 1;
            let pixels = [&upper[..3], &upper[3..], &lower[..3], &lower[3..]];
            // What is not green says how much of red and of blue, as Cr and Cb do.
            let range = |channel: usize| {
                let differences = pixels.map(|pixel| i16::from(pixel[channel]) - i16::from(pixel[1]));
                differences.iter().max().unwrap_or(&0) - differences.iter().min().unwrap_or(&0)
            };
            edges += usize::from(range(0).max(range(2)) > i16::from(COLOUR_EDGE));
        }
    }
    if edges * SQUARES_TO_AN_EDGE > squares { Colours::Full } else { Colours::Quarter }
}

#[cfg(test)]
mod tests {
    use fast_image_resize::PixelType;

    use super::*;

    /// Encodes what `colour` says of each pixel, with so much memory.
    fn encoded(max: u64, colour: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
        let samples = (0..128).flat_map(|y| (0..192).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y));
        let raster = Raster::from_vec_u8(192, 128, samples.collect(), PixelType::U8x3).unwrap();
        encode(&raster, 80, &Memory { max, reserve: &|_| true }).unwrap()
    }

    /// How often the luminance of a JPEG is sampled for each colour, across and down.
    fn sampling(jpeg: &[u8]) -> u8 {
        let frame = jpeg.windows(2).position(|marker| marker[0] == 0xff && [0xc0, 0xc1].contains(&marker[1])).unwrap();
        jpeg[frame + 11]
    }

    #[test]
    fn colours_are_kept_in_full_where_they_have_edges() {
        let photograph = encoded(1 << 20, |x, y| [x, y, x + y].map(|value| u8::try_from(value / 2).unwrap()));
        assert_eq!(sampling(&photograph), 0x22);
        let writing = encoded(1 << 20, |x, y| if (x / 3 + y / 5) % 4 == 0 { [200, 0, 0] } else { [0, 0, 160] });
        assert_eq!(sampling(&writing), 0x11);
    }

    #[test]
    fn without_the_memory_an_image_comes_out_larger() {
        let picture = |x: usize, y: usize| [u8::try_from((x * 7 + y * 13 + x * y / 9) % 251).unwrap(); 3];
        let (two_passes, one_pass) = (encoded(1 << 20, picture), encoded(192 * 128 * 3, picture));
        assert!(two_passes.len() < one_pass.len(), "{} and {}", two_passes.len(), one_pass.len());
        assert!(image::load_from_memory(&one_pass).is_ok());
    }
}
