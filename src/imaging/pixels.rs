//! Working on pixels, and from them back to bytes.

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::error::{ImagingError, encoding};
use super::format::Format;

/// How many bytes of pixels are put into another colour space at once.
const STEP_BYTES: usize = 48 << 10;

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
    // A multiple of the bytes of a pixel, 3 or 4.
    for pixels in raster.buffer_mut().chunks_mut(STEP_BYTES) {
        let before = pixels.to_vec();
        transform.transform(&before, pixels).map_err(encoding)?;
    }
    Ok(())
}

pub(super) fn encode(raster: &Raster, format: Format, quality: u8) -> Result<Vec<u8>, ImagingError> {
    encode_samples(raster.buffer(), (raster.width(), raster.height()), has_alpha(raster), format, quality)
}

/// Encodes samples of RGB, or with alpha of RGBA.
pub(super) fn encode_samples(
    samples: &[u8],
    (width, height): (u32, u32),
    alpha: bool,
    format: Format,
    quality: u8,
) -> Result<Vec<u8>, ImagingError> {
    let colour = if alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, quality)
                .write_image(samples, width, height, colour)
                .map_err(encoding)?;
        }
        Format::Gif | Format::Png => {
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
                .write_image(samples, width, height, colour)
                .map_err(encoding)?;
        }
        Format::WebP => {
            let make = if alpha { webp::Encoder::from_rgba } else { webp::Encoder::from_rgb };
            let encoded = make(samples, width, height).encode_simple(false, f32::from(quality));
            let encoded = encoded.map_err(|error| encoding(format!("WebP: {error:?}")))?;
            bytes.extend_from_slice(&encoded);
        }
    }
    Ok(bytes)
}
