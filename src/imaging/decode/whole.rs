//! Formats that are decoded as a whole.

use std::io::Cursor;

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::decoded::{Decoded, check_memory, check_size};
use super::webp;
use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::format::Format;

/// All pixels of an image.
pub(super) fn decode(bytes: &[u8], format: Format, max_memory: u64) -> Result<Decoded, ImagingError> {
    let mut reader = ImageReader::with_format(
        Cursor::new(bytes),
        match format {
            Format::Gif => ImageFormat::Gif,
            Format::Jpeg => ImageFormat::Jpeg,
            Format::Png => ImageFormat::Png,
            Format::WebP => ImageFormat::WebP,
        },
    );
    let mut limits = Limits::default();
    limits.max_alloc = Some(2 * max_memory);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| ImagingError::Undecodable)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let per_pixel = match format {
        Format::WebP => webp::half_bytes_per_pixel(bytes, decoder.color_type().has_alpha()),
        _ => 2 * u64::from(decoder.color_type().bytes_per_pixel()),
    };
    check_memory(u64::from(width) * u64::from(height) * per_pixel / 2, max_memory)?;
    let profile = decoder.icc_profile().unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(|_| ImagingError::Undecodable)?;
    Ok(Decoded { raster: raster(image)?, profile })
}

/// The pixels as they are worked on: RGB or RGBA with 8 bits each.
pub(super) fn raster(image: DynamicImage) -> Result<Raster<'static>, ImagingError> {
    let (width, height) = (image.width(), image.height());
    let (pixels, kind) = if image.color().has_alpha() {
        (image.into_rgba8().into_raw(), PixelType::U8x4)
    } else {
        (image.into_rgb8().into_raw(), PixelType::U8x3)
    };
    Raster::from_vec_u8(width, height, pixels, kind).map_err(encoding)
}
