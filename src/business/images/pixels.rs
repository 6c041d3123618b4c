//! From bytes to pixels and back: looking at an upload, and making smaller copies.

use std::io::Cursor;

use fast_image_resize::images::Image as Raster;
use fast_image_resize::{MulDiv, PixelType, ResizeOptions, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::metadata::{self, Stripped};
use super::{Format, ImageError};
use crate::business::Fault;

/// The most pixels of an image: more than cameras make that stay under 2 MiB, and
/// few enough to be decoded in the memory of a small server.
const MAX_PIXELS: u64 = 24_000_000;

/// The most bytes that the pixels of an image take.
const MAX_DECODED_BYTES: u64 = MAX_PIXELS * 4;

/// The longest side; WebP has 14 bits for it.
const MAX_SIDE: u32 = 16_383;

/// The quality of an image that had to be turned: hardly to be told from the original.
const TURNED_QUALITY: u8 = 92;

/// The quality of copies: what is commonly taken, as less starts to be seen.
const COPY_QUALITY: u8 = 80;

/// An upload that is an image, ready to be stored.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) bytes: Vec<u8>,
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) animated: bool,
}

/// Looks whether `bytes` are an image all through, drops its metadata and turns it
/// the way up that they ask for.
///
/// # Errors
/// [`ImageError::InvalidType`], [`ImageError::TooManyPixels`].
pub(super) fn prepare(bytes: &[u8]) -> Result<Prepared, ImageError> {
    let format = Format::of(bytes).ok_or(ImageError::InvalidType)?;
    let Stripped { bytes: stripped, animated } = metadata::strip(bytes, format).ok_or(ImageError::InvalidType)?;
    let orientation = open(bytes, format)?.orientation().map_err(|_| ImageError::InvalidType)?;
    let (mut image, colours) = decode(&stripped, format)?;
    // An animation that is turned would stop, so it stays as it is.
    if orientation == Orientation::NoTransforms || animated {
        return Ok(Prepared { bytes: stripped, format, width: image.width(), height: image.height(), animated });
    }
    image.apply_orientation(orientation);
    let mut raster = raster(image)?;
    to_srgb(&mut raster, colours.as_deref())?;
    let bytes = encode(&raster, format, TURNED_QUALITY)?;
    Ok(Prepared { bytes, format, width: raster.width(), height: raster.height(), animated })
}

/// A smaller copy of an image that was prepared, `width` pixels wide and encoded as
/// `target`.
///
/// # Errors
/// [`Fault`].
pub(super) fn copy(bytes: &[u8], format: Format, width: u32, target: Format) -> Result<Vec<u8>, Fault> {
    let (image, colours) = decode(bytes, format).map_err(Fault::failed)?;
    let height = u64::from(image.height()) * u64::from(width) / u64::from(image.width());
    let height = u32::try_from(height.max(1)).map_err(Fault::failed)?;
    let mut large = raster(image)?;
    let mut small = Raster::new(width, height, large.pixel_type());
    // Done in place, where the resizer by itself would copy all the pixels.
    let alpha = MulDiv::new();
    if has_alpha(&large) {
        alpha.multiply_alpha_inplace(&mut large).map_err(Fault::failed)?;
    }
    let options = ResizeOptions::new().use_alpha(false);
    Resizer::new().resize(&large, &mut small, &options).map_err(Fault::failed)?;
    if has_alpha(&small) {
        alpha.divide_alpha_inplace(&mut small).map_err(Fault::failed)?;
    }
    to_srgb(&mut small, colours.as_deref())?;
    encode(&small, target, COPY_QUALITY)
}

/// The decoder of an image that is within the limits. Nothing but its header is read yet.
fn open(bytes: &[u8], format: Format) -> Result<impl ImageDecoder + '_, ImageError> {
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
    let decoder = reader.into_decoder().map_err(|_| ImageError::InvalidType)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let reasonable =
        pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE && decoder.total_bytes() <= MAX_DECODED_BYTES;
    if reasonable { Ok(decoder) } else { Err(ImageError::TooManyPixels) }
}

/// The pixels of an image, and the ICC profile that says what their colours are.
fn decode(bytes: &[u8], format: Format) -> Result<(DynamicImage, Option<Vec<u8>>), ImageError> {
    let mut decoder = open(bytes, format)?;
    let colours = decoder.icc_profile().unwrap_or_default();
    let image = DynamicImage::from_decoder(decoder).map_err(|_| ImageError::InvalidType)?;
    Ok((image, colours))
}

/// The pixels as they are worked on: RGB or RGBA with 8 bits each.
fn raster(image: DynamicImage) -> Result<Raster<'static>, Fault> {
    let (width, height) = (image.width(), image.height());
    let (pixels, kind) = if image.color().has_alpha() {
        (image.into_rgba8().into_raw(), PixelType::U8x4)
    } else {
        (image.into_rgb8().into_raw(), PixelType::U8x3)
    };
    Raster::from_vec_u8(width, height, pixels, kind).map_err(Fault::failed)
}

fn has_alpha(raster: &Raster) -> bool {
    raster.pixel_type() == PixelType::U8x4
}

/// Puts the colours into sRGB, which is what an image without a profile is taken for.
fn to_srgb(raster: &mut Raster, profile: Option<&[u8]>) -> Result<(), Fault> {
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
    transform.transform(&before, raster.buffer_mut()).map_err(Fault::failed)
}

fn encode(raster: &Raster, format: Format, quality: u8) -> Result<Vec<u8>, Fault> {
    let (width, height, pixels) = (raster.width(), raster.height(), raster.buffer());
    let colour = if has_alpha(raster) { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => {
            JpegEncoder::new_with_quality(&mut bytes, quality)
                .write_image(pixels, width, height, colour)
                .map_err(Fault::failed)?;
        }
        Format::Gif | Format::Png => {
            PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive)
                .write_image(pixels, width, height, colour)
                .map_err(Fault::failed)?;
        }
        Format::WebP => {
            let make = if has_alpha(raster) { webp::Encoder::from_rgba } else { webp::Encoder::from_rgb };
            let encoded = make(pixels, width, height).encode_simple(false, f32::from(quality));
            let encoded = encoded.map_err(|error| Fault::failed(format!("WebP: {error:?}")))?;
            bytes.extend_from_slice(&encoded);
        }
    }
    Ok(bytes)
}
