//! JPEG: decoded at a fraction of its size where that is enough.

use fast_image_resize::images::Image as Raster;
use mozjpeg::{ColorSpace, Decompress};

use super::decoded::{Decoded, Samples, check_size};
use super::jpeg_header::Header;
use crate::imaging::error::{ImagingError, encoding};
use crate::imaging::memory::Memory;
use crate::imaging::{colours, libjpeg};

/// How many pixels all scans of an image have together at most: twenty times those of the largest.
const MAX_SCANNED_PIXELS: u64 = 480_000_000;

/// Decodes an eighth of an image, for which all of it has to be read. By two decoders: one in safe
/// code, and then the one that will show it.
pub(super) fn check(bytes: &[u8], memory: &Memory<'_>) -> Result<(u32, u32), ImagingError> {
    let header = Header::read(bytes).ok_or(ImagingError::Undecodable)?;
    check_size(header.width, header.height)?;
    // What looks like one in a table counts, too.
    let scans = bytes.windows(2).filter(|marker| *marker == [0xff, 0xda]).count() as u64;
    if scans * u64::from(header.width) * u64::from(header.height) > MAX_SCANNED_PIXELS {
        return Err(ImagingError::TooManyPixels);
    }
    // Planes come before what is put together from them.
    memory.take(header.memory(1, 6))?;
    let mut strict = jpeg_decoder::Decoder::new(bytes);
    let eighth = |side: u32| u16::try_from(side / 8).unwrap_or(u16::MAX).max(1);
    strict.scale(eighth(header.width), eighth(header.height)).map_err(|_| ImagingError::Undecodable)?;
    strict.decode().map_err(|_| ImagingError::Undecodable)?;
    read(bytes, &header, 1)?;
    Ok((header.width, header.height))
}

/// The pixels of an image, as small as it may be with this width, and as small as it has to
/// be with this memory.
pub(super) fn decode(bytes: &[u8], width: u32, memory: &Memory<'_>) -> Result<Decoded, ImagingError> {
    let header = Header::read(bytes).ok_or(ImagingError::Undecodable)?;
    check_size(header.width, header.height)?;
    let takes = |eighths: u8| header.memory(eighths.into(), samples(&header).pixel_type().size() as u64);
    let enough = [1, 2, 4].into_iter().find(|eighths| header.width * u32::from(*eighths) / 8 >= width).unwrap_or(8);
    let eighths = [8, 4, 2, 1].into_iter().find(|eighths| *eighths <= enough && takes(*eighths) <= memory.max);
    let eighths = eighths.ok_or(ImagingError::TooManyPixels)?;
    memory.take(takes(eighths))?;
    read(bytes, &header, eighths)
}

fn samples(header: &Header) -> Samples {
    if header.components == 4 { Samples::Cmyk } else { Samples::Rgb }
}

fn read(bytes: &[u8], header: &Header, eighths: u8) -> Result<Decoded, ImagingError> {
    let samples = samples(header);
    let decoded = libjpeg::caught(|| {
        let mut decoder = Decompress::new_mem(bytes)?;
        decoder.scale(eighths);
        let colours = if samples == Samples::Cmyk { ColorSpace::JCS_CMYK } else { ColorSpace::JCS_RGB };
        let mut decoder = decoder.to_colorspace(colours)?;
        let size = (decoder.width(), decoder.height());
        let pixels = decoder.read_scanlines()?;
        decoder.finish()?;
        Ok((size, pixels))
    });
    let ((width, height), mut pixels): (_, Vec<u8>) = decoded.map_err(|_| ImagingError::Undecodable)?;
    if samples == Samples::Cmyk && header.adobe {
        for ink in &mut pixels {
            *ink = 255 - *ink;
        }
    }
    let (width, height) = (u32::try_from(width).map_err(encoding)?, u32::try_from(height).map_err(encoding)?);
    let raster = Raster::from_vec_u8(width, height, pixels, samples.pixel_type()).map_err(encoding)?;
    Ok(Decoded { raster, samples, profile: header.profile().and_then(|profile| colours::icc(&profile)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_many_scans_for_its_size_is_refused() {
        let mut jpeg = Vec::new();
        image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&image::GrayImage::new(2_000, 2_000)).unwrap();
        let with = |scans: usize| {
            let length = u16::try_from(2 + 2 * scans).unwrap().to_be_bytes();
            [&jpeg[..2], b"\xff\xfe", &length, &b"\xff\xda".repeat(scans), &jpeg[2..]].concat()
        };
        let memory = Memory { max: 1 << 30, reserve: &|_| true };
        assert!(matches!(check(&with(119), &memory), Ok((2_000, 2_000))));
        assert!(matches!(check(&with(120), &memory), Err(ImagingError::TooManyPixels)));
    }
}
