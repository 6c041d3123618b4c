//! From what a camera wrote to what may be stored.

use image::ImageDecoder;
use image::metadata::Orientation;

use super::error::ImagingError;
use super::format::Format;
use super::metadata::{self, Stripped};
use super::pixels::{decode, encode, open, raster, to_srgb};

/// The quality of an image that had to be turned: hardly to be told from the original.
const TURNED_QUALITY: u8 = 92;

/// An upload that is an image, ready to be stored.
#[derive(Debug)]
pub struct Prepared {
    /// Without metadata, the right way up.
    pub bytes: Vec<u8>,
    /// What they are encoded as.
    pub format: Format,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether it has several frames.
    pub animated: bool,
}

/// Looks whether `bytes` are an image all through, drops its metadata and turns it
/// the way up that they ask for. Takes up to 200 MB of memory.
///
/// # Errors
/// [`ImagingError::Undecodable`], [`ImagingError::TooManyPixels`].
pub fn prepare(bytes: &[u8]) -> Result<Prepared, ImagingError> {
    let format = Format::of(bytes).ok_or(ImagingError::Undecodable)?;
    let Stripped { bytes: stripped, animated } = metadata::strip(bytes, format).ok_or(ImagingError::Undecodable)?;
    let orientation = open(bytes, format)?.orientation().map_err(|_| ImagingError::Undecodable)?;
    let (mut image, profile) = decode(&stripped, format)?;
    // An animation that is turned would stop, so it stays as it is.
    if orientation == Orientation::NoTransforms || animated {
        return Ok(Prepared { bytes: stripped, format, width: image.width(), height: image.height(), animated });
    }
    image.apply_orientation(orientation);
    let mut raster = raster(image)?;
    to_srgb(&mut raster, profile.as_deref())?;
    let bytes = encode(&raster, format, TURNED_QUALITY)?;
    Ok(Prepared { bytes, format, width: raster.width(), height: raster.height(), animated })
}
