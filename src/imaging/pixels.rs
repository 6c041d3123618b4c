//! From bytes to pixels and back.

use std::io::Cursor;

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::error::{ImagingError, encoding};
use super::format::Format;

/// The most pixels of an image: more than cameras make that stay under 2 MiB, and
/// few enough to be decoded in the memory of a small server.
const MAX_PIXELS: u64 = 24_000_000;

/// The most bytes that the pixels of an image take.
const MAX_DECODED_BYTES: u64 = MAX_PIXELS * 4;

/// The longest side; WebP has 14 bits for it.
const MAX_SIDE: u32 = 16_383;

/// The decoder of an image that is within the limits. Nothing but its header is read yet.
pub(super) fn open(bytes: &[u8], format: Format) -> Result<impl ImageDecoder + '_, ImagingError> {
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
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|_| ImagingError::Undecodable)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let reasonable =
        pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE && decoder.total_bytes() <= MAX_DECODED_BYTES;
    if reasonable { Ok(decoder) } else { Err(ImagingError::TooManyPixels) }
}

/// The pixels of an image, and the ICC profile that says what their colours are.
pub(super) fn decode(bytes: &[u8], format: Format) -> Result<(DynamicImage, Option<Vec<u8>>), ImagingError> {
    let mut decoder = open(bytes, format)?;
    let colours = decoder.icc_profile().unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(|_| ImagingError::Undecodable)?;
    Ok((image, colours))
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

pub(super) fn has_alpha(raster: &Raster) -> bool {
    raster.pixel_type() == PixelType::U8x4
}

/// Puts the colours into sRGB, which is what an image without a profile is taken for.
pub(super) fn to_srgb(raster: &mut Raster, profile: Option<&[u8]>) -> Result<(), ImagingError> {
    let Some(profile) = profile.and_then(|profile| ColorProfile::new_from_slice(profile).ok()) else { return Ok(()) };
    if profile.color_space != DataColorSpace::Rgb {
        return Ok(());
    }
    let layout = if has_alpha(raster) { Layout::Rgba } else { Layout::Rgb };
    let srgb = ColorProfile::new_srgb();
    // A profile that makes no sense means as little as none.
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default()) else {
        return Ok(());
    };
    let before = raster.buffer().to_vec();
    transform.transform(&before, raster.buffer_mut()).map_err(encoding)
}

pub(super) fn encode(raster: &Raster, format: Format, quality: u8) -> Result<Vec<u8>, ImagingError> {
    let (width, height, pixels) = (raster.width(), raster.height(), raster.buffer());
    let colour = if has_alpha(raster) { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, quality)
                .write_image(pixels, width, height, colour)
                .map_err(encoding)?;
        }
        Format::Gif | Format::Png => {
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
                .write_image(pixels, width, height, colour)
                .map_err(encoding)?;
        }
        Format::WebP => {
            let make = if has_alpha(raster) { webp::Encoder::from_rgba } else { webp::Encoder::from_rgb };
            let encoded = make(pixels, width, height).encode_simple(false, f32::from(quality));
            let encoded = encoded.map_err(|error| encoding(format!("WebP: {error:?}")))?;
            bytes.extend_from_slice(&encoded);
        }
    }
    Ok(bytes)
}
