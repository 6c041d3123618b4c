//! From pixels back to bytes.

mod jpeg;

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::error::{ImagingError, encoding};
use super::format::Format;
use super::memory::Memory;
pub(super) use jpeg::encode_rows as jpeg_of_rows;

/// The quality of renditions: less starts to be seen.
const QUALITY: u8 = 80;

pub(super) fn has_alpha(raster: &Raster) -> bool {
    raster.pixel_type() == PixelType::U8x4
}

/// How many bytes it takes at most to encode a pixel as WebP or PNG, beside its samples. The alpha of
/// a WebP is compressed without loss, which takes most.
pub(super) fn bytes_of_pixel(format: Format, alpha: bool) -> u64 {
    if format == Format::WebP { if alpha { 40 } else { 4 } } else { 8 }
}

/// Encodes a rendition.
pub(super) fn encode(raster: &Raster, format: Format, memory: &Memory<'_>) -> Result<Vec<u8>, ImagingError> {
    if format == Format::Jpeg {
        return jpeg::encode(raster, QUALITY, memory);
    }
    let (size, alpha) = ((raster.width(), raster.height()), has_alpha(raster));
    let pixels = u64::from(size.0) * u64::from(size.1);
    memory.take(pixels * (raster.pixel_type().size() as u64 + bytes_of_pixel(format, alpha)))?;
    encode_samples(raster.buffer(), size, alpha, format, QUALITY)
}

/// Encodes samples of RGB, or with alpha of RGBA, as WebP of this quality or as PNG.
pub(super) fn encode_samples(
    samples: &[u8],
    (width, height): (u32, u32),
    alpha: bool,
    format: Format,
    quality: u8,
) -> Result<Vec<u8>, ImagingError> {
    if format == Format::WebP {
        let make = if alpha { webp::Encoder::from_rgba } else { webp::Encoder::from_rgb };
        let encoded = make(samples, width, height).encode_simple(false, f32::from(quality));
        return Ok(encoded.map_err(|error| encoding(format!("WebP: {error:?}")))?.to_vec());
    }
    let colour = if alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
        .write_image(samples, width, height, colour)
        .map_err(encoding)?;
    Ok(bytes)
}
