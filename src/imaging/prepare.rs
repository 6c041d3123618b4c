//! From what a camera wrote to what may be stored.

use image::metadata::Orientation;

use super::colours::to_srgb;
use super::decode;
use super::encode::{bytes_of_pixel, encode_samples, has_alpha, jpeg_of_rows};
use super::error::ImagingError;
use super::format::Format;
use super::memory::Memory;
use super::metadata::{self, Stripped};
use super::turn::Turned;

/// The quality of an image that had to be turned: hardly to be told from the original.
const TURNED_QUALITY: u8 = 92;

/// How many times as much memory as its pixels a PNG takes to be turned and encoded, at most: with three
/// samples to a pixel.
const PNG_PARTS: u64 = 4;

/// An upload that is an image, ready to be stored.
#[derive(Debug)]
pub struct Prepared {
    /// Without metadata, the right way up.
    pub bytes: Vec<u8>,
    /// What they are encoded as.
    pub format: Format,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether it has several frames.
    pub animated: bool,
}

/// Looks whether `bytes` are an image all through, drops its metadata and turns it
/// the way up that they ask for. One that has to be turned, and is too large for
/// `memory`, becomes smaller.
///
/// # Errors
/// [`ImagingError::Undecodable`]; [`ImagingError::TooManyPixels`], also when it takes more
/// than there is of `memory` to decode; [`ImagingError::NoMemory`].
pub fn prepare(bytes: &[u8], memory: &Memory<'_>) -> Result<Prepared, ImagingError> {
    let format = Format::of(bytes).ok_or(ImagingError::Undecodable)?;
    let Stripped { bytes, animated, exif } = metadata::strip(bytes, format).ok_or(ImagingError::Undecodable)?;
    let (width, height) = decode::check(&bytes, format, memory)?;
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(&exif)).unwrap_or(Orientation::NoTransforms);
    // An animation that is turned would stop, so it stays as it is.
    if orientation == Orientation::NoTransforms || animated {
        return Ok(Prepared { bytes, format, width, height, animated });
    }
    turn(&bytes, format, orientation, width, memory)
}

fn turn(
    bytes: &[u8],
    format: Format,
    orientation: Orientation,
    width: u32,
    memory: &Memory<'_>,
) -> Result<Prepared, ImagingError> {
    // A PNG may come out smaller.
    let part = Memory { max: memory.max / PNG_PARTS, reserve: &|bytes| (memory.reserve)(PNG_PARTS * bytes) };
    let of_decoding = if format == Format::Png { &part } else { memory };
    let raster = to_srgb(decode::decode(bytes, format, width, of_decoding)?)?;
    let turned = Turned::new(&raster, orientation);
    let (width, height) = turned.dimensions();
    // Only JPEG is encoded without all pixels in their new places.
    let bytes = if format == Format::Jpeg {
        jpeg_of_rows((width, height), turned.rows(), TURNED_QUALITY)?
    } else {
        let (alpha, channels) = (has_alpha(&raster), raster.pixel_type().size() as u64);
        let of_pixel = channels + bytes_of_pixel(format, alpha).max(channels);
        memory.take(u64::from(width) * u64::from(height) * of_pixel)?;
        let mut samples = Vec::with_capacity(raster.buffer().len());
        turned.rows().for_each(|row| samples.extend(row));
        drop(raster);
        encode_samples(&samples, (width, height), alpha, format, TURNED_QUALITY)?
    };
    Ok(Prepared { bytes, format, width, height, animated: false })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn an_image_without_pixels_is_none() {
        let memory = Memory { max: 8 << 20, reserve: &|_| true };
        let mut gif = Vec::new();
        image::RgbImage::new(2, 2).write_to(&mut Cursor::new(&mut gif), image::ImageFormat::Gif).unwrap();
        assert!(prepare(&gif, &memory).is_ok());
        // The height of the screen that the frames are drawn on.
        gif[8..10].fill(0);
        assert!(matches!(prepare(&gif, &memory), Err(ImagingError::Undecodable)));
    }
}
