//! Smaller renditions of an image.

use fast_image_resize::images::Image as Raster;
use fast_image_resize::{MulDiv, ResizeOptions, Resizer};

use super::decode::{self, Decoded};
use super::error::{ImagingError, encoding};
use super::format::Format;
use super::memory::Memory;
use super::pixels::{encode, has_alpha, to_srgb};

/// The quality of renditions: what is commonly taken, as less starts to be seen.
const QUALITY: u8 = 80;

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
    let Decoded { raster: mut large, profile } = decode::decode(bytes, format, width, memory)?;
    let mut small = Raster::new(width, height, large.pixel_type());
    // Done in place, where the resizer by itself would copy all the pixels.
    let alpha = MulDiv::new();
    if has_alpha(&large) {
        alpha.multiply_alpha_inplace(&mut large).map_err(encoding)?;
    }
    let options = ResizeOptions::new().use_alpha(false);
    Resizer::new().resize(&large, &mut small, &options).map_err(encoding)?;
    drop(large);
    if has_alpha(&small) {
        alpha.divide_alpha_inplace(&mut small).map_err(encoding)?;
    }
    to_srgb(&mut small, profile.as_deref())?;
    encode(&small, target, QUALITY)
}
