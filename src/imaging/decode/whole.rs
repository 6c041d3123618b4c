//! Formats that are decoded as a whole.

use std::io::Cursor;

use fast_image_resize::images::Image as Raster;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::decoded::{Decoded, Samples, check_size};
use super::webp;
use crate::imaging::colours;
use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::format::Format;
use crate::imaging::memory::Memory;

/// The most bytes of the first frame of a GIF that is larger than the GIF itself.
const MAX_FRAME_BYTES: u64 = 4 << 20;

/// All pixels of an image.
pub(super) fn decode(bytes: &[u8], format: Format, memory: &Memory<'_>) -> Result<Decoded, ImagingError> {
    let mut decoder = open(bytes, format, memory)?;
    let profile = decoder.icc_profile().unwrap_or_default().and_then(|profile| colours::icc(&profile));
    let image = DynamicImage::from_decoder(decoder).map_err(|_| ImagingError::Undecodable)?;
    let (width, height) = (image.width(), image.height());
    let (pixels, samples) = if image.color().has_alpha() {
        (image.into_rgba8().into_raw(), Samples::Rgba)
    } else {
        (image.into_rgb8().into_raw(), Samples::Rgb)
    };
    let raster = Raster::from_vec_u8(width, height, pixels, samples.pixel_type()).map_err(encoding)?;
    Ok(Decoded { raster, samples, profile })
}

/// Whether decoding an image takes no more memory than there is, by what its header says.
pub(super) fn check(bytes: &[u8], format: Format, memory: &Memory<'_>) -> Result<(), ImagingError> {
    open(bytes, format, memory).map(drop)
}

fn open<'b>(bytes: &'b [u8], format: Format, memory: &Memory<'_>) -> Result<impl ImageDecoder + use<'b>, ImagingError> {
    let format_of_image = match format {
        Format::Gif => ImageFormat::Gif,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format_of_image);
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory.max);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|_| ImagingError::Undecodable)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    let color = decoder.color_type();
    let of_two_pixels = match (format, color) {
        (Format::WebP, _) => webp::bytes_of_two_pixels(bytes, color.has_alpha()),
        (_, ColorType::Rgb8 | ColorType::Rgba8) => 2 * u64::from(color.bytes_per_pixel()),
        // They are put into one of those beside.
        _ => 2 * u64::from(color.bytes_per_pixel() + if color.has_alpha() { 4 } else { 3 }),
    };
    let bytes = u64::from(width) * u64::from(height) * of_two_pixels / 2;
    memory.take(bytes)?;
    if format == Format::Gif {
        // Its first frame may be held beside, and be larger than what it is drawn on.
        let frame = bytes.max(MAX_FRAME_BYTES).min(memory.max - bytes);
        memory.take(bytes + frame)?;
        limits.max_alloc = Some(frame);
        decoder.set_limits(limits).map_err(|_| ImagingError::TooManyPixels)?;
    }
    Ok(decoder)
}
