//! JPEG: decoded at a fraction of its size where that is enough.

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use super::decoded::{Decoded, check_size};
use super::whole::{self, raster};
use crate::imaging::error::ImagingError;
use crate::imaging::format::Format;
use crate::imaging::memory::Memory;

/// What the headers of a frame and of its first scan say (ITU-T T.81, B.2.2 and B.2.3).
struct Frame {
    width: u32,
    height: u32,
    /// How many components it has.
    components: u8,
    /// Whether its coefficients come in several passes, and are all held until the last: it
    /// is progressive, or has its components one after the other.
    in_passes: bool,
    /// How many coefficients it has for each pixel, in sixteenths.
    coefficients: u64,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(2..)?;
        let mut frame: Option<Self> = None;
        loop {
            let [0xff, marker, high, low, ..] = *rest else { return None };
            let segment = rest.get(2..2 + usize::from(u16::from_be_bytes([high, low])))?;
            match marker {
                0xc0..=0xc2 if frame.is_none() => frame = Some(Self::of_segment(marker, segment)?),
                // Tables, and what is reserved.
                0xc4 | 0xc8 | 0xcc => {}
                // Frames of other kinds, such as lossless ones, are decoded in ways of their own.
                0xc0..=0xcf => return None,
                0xda => {
                    let of_scan = *segment.get(2)?;
                    return frame
                        .map(|frame| Self { in_passes: frame.in_passes || of_scan < frame.components, ..frame });
                }
                _ => {}
            }
            rest = rest.get(2 + segment.len()..)?;
        }
    }

    fn of_segment(marker: u8, segment: &[u8]) -> Option<Self> {
        let [_, _, _, y1, y2, x1, x2, components, sampling @ ..] = segment else { return None };
        let sampling = sampling.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
        let areas: Vec<u64> = sampling.map(|(h, v)| u64::from(h) * u64::from(v)).collect();
        let largest = areas.iter().copied().max().filter(|area| *area > 0)?;
        Some(Self {
            width: u16::from_be_bytes([*x1, *x2]).into(),
            height: u16::from_be_bytes([*y1, *y2]).into(),
            components: *components,
            in_passes: marker == 0xc2,
            coefficients: areas.iter().sum::<u64>() * 16 / largest,
        })
    }

    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// How many bytes it takes to decode so many eighths of its width and height.
    fn memory(&self, eighths: u64) -> u64 {
        let coefficients = if self.in_passes { self.pixels() * self.coefficients * 2 / 16 } else { 0 };
        let pixels = self.pixels() * eighths * eighths / 64;
        // Below full size, planes come before what is put together from them.
        coefficients + pixels * if eighths == 8 { 3 } else { 6 }
    }
}

/// Decodes an eighth of an image, for which all of it has to be read.
pub(super) fn check(bytes: &[u8], memory: &Memory<'_>) -> Result<(u32, u32), ImagingError> {
    let frame = Frame::read(bytes).ok_or(ImagingError::Undecodable)?;
    check_size(frame.width, frame.height)?;
    memory.take(frame.memory(1))?;
    scaled(bytes, &frame, 1)?;
    Ok((frame.width, frame.height))
}

/// The pixels of an image, as small as it may be with this width, and as small as it has to
/// be with this memory.
pub(super) fn decode(bytes: &[u8], width: u32, memory: &Memory<'_>) -> Result<Decoded, ImagingError> {
    let frame = Frame::read(bytes).ok_or(ImagingError::Undecodable)?;
    check_size(frame.width, frame.height)?;
    let enough = [1, 2, 4].into_iter().find(|eighths| frame.width * eighths / 8 >= width).unwrap_or(8);
    let eighths =
        [8, 4, 2, 1].into_iter().find(|eighths| *eighths <= u64::from(enough) && frame.memory(*eighths) <= memory.max);
    let eighths = eighths.ok_or(ImagingError::TooManyPixels)?;
    memory.take(frame.memory(eighths))?;
    match eighths {
        8 => whole::decode(bytes, Format::Jpeg, memory),
        eighths => scaled(bytes, &frame, eighths),
    }
}

fn scaled(bytes: &[u8], frame: &Frame, eighths: u64) -> Result<Decoded, ImagingError> {
    let mut decoder = Decoder::new(bytes);
    let part = |side: u32| u16::try_from(u64::from(side) * eighths / 8).map(|side| side.max(1));
    let (Ok(width), Ok(height)) = (part(frame.width), part(frame.height)) else {
        return Err(ImagingError::TooManyPixels);
    };
    let undecodable = |_| ImagingError::Undecodable;
    let (width, height) = decoder.scale(width, height).map_err(undecodable)?;
    let (width, height) = (u32::from(width), u32::from(height));
    let pixels = decoder.decode().map_err(undecodable)?;
    let image = match decoder.info().map(|info| info.pixel_format) {
        Some(PixelFormat::L8) => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Some(PixelFormat::CMYK32) => RgbImage::from_raw(width, height, from_cmyk(&pixels)).map(DynamicImage::from),
        _ => None,
    };
    Ok(Decoded { raster: raster(image.ok_or(ImagingError::Undecodable)?)?, profile: decoder.icc_profile() })
}

/// Inks as light.
fn from_cmyk(pixels: &[u8]) -> Vec<u8> {
    let light = |ink: u8, black: u8| {
        let light = u16::from(255 - ink) * u16::from(255 - black) / 255;
        u8::try_from(light).unwrap_or(u8::MAX)
    };
    pixels.chunks_exact(4).flat_map(|inks| [0, 1, 2].map(|ink| light(inks[ink], inks[3]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 16 by 8 pixels with three components, and the header of a scan of so many.
    fn jpeg(frame: u8, of_scan: u8) -> Vec<u8> {
        let frame = [0xff, frame, 0, 17, 8, 0, 8, 0, 16, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        let comment = [0xff, 0xfe, 0, 4, 0xff, 0xc2];
        let tables = [0xff, 0xc4, 0, 3, 0];
        let scan = [0xff, 0xda, 0, 6, of_scan, 0, 0, 0];
        [&[0xff, 0xd8][..], &comment, &frame, &tables, &scan].concat()
    }

    #[test]
    fn what_is_held_until_the_last_pass_is_counted() {
        let memory = |frame, of_scan| Frame::read(&jpeg(frame, of_scan)).unwrap().memory(8);
        assert_eq!(memory(0xc0, 3), 16 * 8 * 3);
        // Luminance, and colours of a quarter of its resolution, in two bytes each.
        assert_eq!(memory(0xc2, 3), 16 * 8 * 3 + 16 * 8 * 3);
        assert_eq!(memory(0xc0, 1), memory(0xc2, 3), "components one after the other");
        assert!(Frame::read(&jpeg(0xc3, 3)).is_none(), "lossless");
        assert!(Frame::read(&jpeg(0xc0, 3)[..30]).is_none(), "no scan");
    }
}
