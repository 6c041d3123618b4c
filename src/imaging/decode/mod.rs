//! From bytes to pixels, in as little memory as the format allows.
//!
//! JPEG is decoded at an eighth, a quarter or half of its size where that is enough; PNG is
//! read row by row, and shrunk on the way. GIF and WebP are decoded as a whole. How much
//! memory it will take is known from the header, before anything is decoded.

mod decoded;
mod jpeg;
mod jpeg_header;
mod png;
mod webp;
mod whole;

use super::error::ImagingError;
use super::format::Format;
use super::memory::Memory;
pub(super) use decoded::{Decoded, Samples};

/// Looks whether `bytes` are an image to their end. Returns its width and height.
pub(super) fn check(bytes: &[u8], format: Format, memory: &Memory<'_>) -> Result<(u32, u32), ImagingError> {
    match format {
        Format::Jpeg => jpeg::check(bytes, memory),
        Format::Png => png::check(bytes, memory),
        Format::Gif | Format::WebP => {
            let Decoded { raster, .. } = whole::decode(bytes, format, memory)?;
            Ok((raster.width(), raster.height()))
        }
    }
}

/// The pixels of an image, as few as leave it at least `width` pixels wide, if it is. With
/// less memory than that takes, a JPEG or PNG comes out smaller.
pub(super) fn decode(bytes: &[u8], format: Format, width: u32, memory: &Memory<'_>) -> Result<Decoded, ImagingError> {
    match format {
        Format::Jpeg => jpeg::decode(bytes, width, memory),
        Format::Png => png::decode(bytes, width, memory),
        Format::Gif | Format::WebP => whole::decode(bytes, format, memory),
    }
}
