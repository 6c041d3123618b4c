//! What comes of decoding, and how large it may be.

use fast_image_resize::images::Image as Raster;

use crate::imaging::error::ImagingError;

/// The most pixels of an image: more than cameras make that stay under 2 MiB.
const MAX_PIXELS: u64 = 24_000_000;

/// The longest side; WebP has 14 bits for it.
const MAX_SIDE: u32 = 16_383;

/// Pixels of 8 bits, RGB or RGBA.
pub(in crate::imaging) struct Decoded {
    pub(in crate::imaging) raster: Raster<'static>,
    /// The ICC profile that says what their colours are.
    pub(in crate::imaging) profile: Option<Vec<u8>>,
}

/// Whether an image has pixels, which a GIF need not, and no more than we take.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), ImagingError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(ImagingError::Undecodable);
    }
    let reasonable = pixels <= MAX_PIXELS && width.max(height) <= MAX_SIDE;
    if reasonable { Ok(()) } else { Err(ImagingError::TooManyPixels) }
}
