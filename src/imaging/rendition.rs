//! Smaller renditions of an image.

use fast_image_resize::images::{Image as Raster, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8x3, U8x4};
use fast_image_resize::{ImageView, ImageViewMut, MulDiv, PixelTrait, ResizeOptions, Resizer};

use super::colours::to_srgb;
use super::decode::{self, Decoded, Samples};
use super::encode::encode;
use super::error::{ImagingError, encoding};
use super::format::Format;
use super::memory::Memory;

/// An image that was [prepared](super::prepare()), with this width and height in pixels and
/// encoded as `target`.
///
/// # Errors
/// [`ImagingError`], when the image was not prepared, or there is too little `memory`.
pub fn render(
    bytes: &[u8],
    format: Format,
    (width, height): (u32, u32),
    target: Format,
    memory: &Memory<'_>,
) -> Result<Vec<u8>, ImagingError> {
    let Decoded { raster: mut large, samples, profile } = decode::decode(bytes, format, width, memory)?;
    let mut small = Raster::new(width, height, large.pixel_type());
    match samples {
        Samples::Rgb => resize::<U8x3>(&typed(&large)?, &mut typed_mut(&mut small)?)?,
        Samples::Rgba => resize_with_alpha(&mut large, &mut small)?,
        Samples::Cmyk => resize::<U8x4>(&typed(&large)?, &mut typed_mut(&mut small)?)?,
    }
    drop(large);
    encode(&to_srgb(Decoded { raster: small, samples, profile })?, target, memory)
}

/// Alpha is done in place, where the resizer by itself would copy all the pixels.
fn resize_with_alpha(large: &mut Raster, small: &mut Raster) -> Result<(), ImagingError> {
    let alpha = MulDiv::new();
    let (mut from, mut to) = (typed_mut::<U8x4>(large)?, typed_mut::<U8x4>(small)?);
    alpha.multiply_alpha_inplace_typed(&mut from).map_err(encoding)?;
    resize(&from, &mut to)?;
    alpha.divide_alpha_inplace_typed(&mut to).map_err(encoding)
}

/// By the type of the pixels, of which the resizer knows thirteen: with one that is only
/// known as the program runs, all of them would be in the program, which are two megabytes.
fn resize<P: PixelTrait>(
    from: &impl ImageView<Pixel = P>,
    to: &mut impl ImageViewMut<Pixel = P>,
) -> Result<(), ImagingError> {
    let options = ResizeOptions::new().use_alpha(false);
    Resizer::new().resize_typed(from, to, &options).map_err(encoding)
}

fn typed<'r, P: PixelTrait>(raster: &'r Raster<'_>) -> Result<TypedImageRef<'r, P>, ImagingError> {
    raster.typed_image().ok_or_else(other_pixels)
}

fn typed_mut<'r, P: PixelTrait>(raster: &'r mut Raster<'_>) -> Result<TypedImage<'r, P>, ImagingError> {
    raster.typed_image_mut().ok_or_else(other_pixels)
}

fn other_pixels() -> ImagingError {
    encoding("pixels of another type")
}
