//! What comes of decoding, and how large it may be.

use fast_image_resize::PixelType;
use fast_image_resize::images::Image as Raster;
use moxcms::ColorProfile;

use crate::imaging::error::ImagingError;

/// The most pixels of an image: more than cameras make that stay under 2 MiB.
const MAX_PIXELS: u64 = 24_000_000;

/// The longest side; WebP has 14 bits for it.
const MAX_SIDE: u32 = 16_383;

/// Pixels of 8 bits to a sample.
pub(in crate::imaging) struct Decoded {
    pub(in crate::imaging) raster: Raster<'static>,
    pub(in crate::imaging) samples: Samples,
    /// What their colours are; none for sRGB.
    pub(in crate::imaging) profile: Option<Box<ColorProfile>>,
}

/// What the samples of a pixel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::imaging) enum Samples {
    /// Red, green and blue.
    Rgb,
    /// The same, and how opaque they are.
    Rgba,
    /// Inks, of which 255 is all: cyan, magenta, yellow and black.
    Cmyk,
}

impl Samples {
    pub(in crate::imaging) fn pixel_type(self) -> PixelType {
        match self {
            Self::Rgb => PixelType::U8x3,
            Self::Rgba | Self::Cmyk => PixelType::U8x4,
        }
    }
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
