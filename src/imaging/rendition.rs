//! Smaller renditions of an image.

use fast_image_resize::images::Image as Raster;
use fast_image_resize::{MulDiv, ResizeOptions, Resizer};

use super::error::{ImagingError, encoding};
use super::format::Format;
use super::pixels::{decode, encode, has_alpha, raster, to_srgb};

/// The quality of renditions: what is commonly taken, as less starts to be seen.
const QUALITY: u8 = 80;

/// An image that was [prepared](super::prepare()), `width` pixels wide and encoded as `target`.
/// Takes up to 200 MB of memory.
///
/// # Errors
/// [`ImagingError`], when the image was not prepared.
pub fn render(bytes: &[u8], format: Format, width: u32, target: Format) -> Result<Vec<u8>, ImagingError> {
    let (image, profile) = decode(bytes, format)?;
    let height = u64::from(image.height()) * u64::from(width) / u64::from(image.width());
    let height = u32::try_from(height.max(1)).map_err(encoding)?;
    let mut large = raster(image)?;
    let mut small = Raster::new(width, height, large.pixel_type());
    // Done in place, where the resizer by itself would copy all the pixels.
    let alpha = MulDiv::new();
    if has_alpha(&large) {
        alpha.multiply_alpha_inplace(&mut large).map_err(encoding)?;
    }
    let options = ResizeOptions::new().use_alpha(false);
    Resizer::new().resize(&large, &mut small, &options).map_err(encoding)?;
    if has_alpha(&small) {
        alpha.divide_alpha_inplace(&mut small).map_err(encoding)?;
    }
    to_srgb(&mut small, profile.as_deref())?;
    encode(&small, target, QUALITY)
}
