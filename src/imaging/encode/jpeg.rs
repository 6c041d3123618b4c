//! JPEG: small where there is memory for it.

use std::io;

use fast_image_resize::images::Image as Raster;
use mozjpeg::{ColorSpace, Compress};

use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::libjpeg;
use crate::imaging::memory::Memory;

/// How much the colours of a square of pixels may differ before it counts as an edge, of 255.
const COLOUR_EDGE: u8 = 96;

/// One square of so many may be an edge before colours are kept in full.
const SQUARES_TO_AN_EDGE: usize = 50;

/// How colours are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    /// One for four pixels (4:2:0): of a photograph, the eye does not see it.
    Quarter,
    /// One for each pixel (4:4:4).
    Full,
}

/// Encodes RGB with tables of its own and trellis quantisation, which make it a quarter smaller
/// than one pass does at the same structural similarity; in one pass if there is no memory for
/// that.
pub(super) fn encode(raster: &Raster, quality: u8, memory: &Memory<'_>) -> Result<Vec<u8>, ImagingError> {
    let pixels = u64::from(raster.width()) * u64::from(raster.height());
    let colours = colours_of(raster);
    // Beside the pixels, all coefficients, as they are and as they are rounded.
    let coefficients = if colours == Colours::Quarter { 6 } else { 12 };
    let thorough = memory.take(pixels * (3 + coefficients)).is_ok();
    if !thorough {
        memory.take(pixels * 3)?;
    }
    let width = raster.width() as usize;
    let rows = raster.buffer().chunks_exact(3 * width);
    compress((width, raster.height() as usize), rows, quality, colours, thorough)
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
    thorough: bool,
) -> Result<Vec<u8>, ImagingError> {
    let compressed = libjpeg::caught(|| {
        let mut encoder = Compress::new(ColorSpace::JCS_RGB);
        if !thorough {
            encoder.set_fastest_defaults();
        }
        encoder.set_size(width, height);
        encoder.set_quality(quality.into());
        // One scan: several take longer, and no less space in pictures of these sizes.
        encoder.set_optimize_scans(false);
        encoder.set_optimize_coding(thorough);
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
    for rows in raster.buffer().chunks_exact(2 * row) {
        let (upper, lower) = rows.split_at(row);
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
