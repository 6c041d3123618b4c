//! Images as cameras and attackers make them.

use std::io::{Cursor, Write};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image::{DynamicImage, EncodableLayout, ImageBuffer, ImageFormat, Pixel, PixelWithColorType, Rgb, RgbImage};

/// A picture that is red on its left half and blue on its right.
pub fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
}

pub fn encoded<P>(image: &ImageBuffer<P, Vec<P::Subpixel>>, format: ImageFormat) -> Vec<u8>
where
    P: Pixel + PixelWithColorType,
    [P::Subpixel]: EncodableLayout,
    DynamicImage: From<ImageBuffer<P, Vec<P::Subpixel>>>,
{
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// A JPEG with an EXIF segment that says how it was held, and a secret.
pub fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    // A TIFF header, one directory with one entry (0x0112, orientation, a short), and more.
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    let tiff = [&b"MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4], b"SECRET"].concat();
    let exif = [b"Exif\0\0", tiff.as_slice()].concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// A PNG of black pixels, as many as are asked for, in few bytes.
pub fn bomb(width: u32, height: u32) -> Vec<u8> {
    // One bit a pixel, shades of grey.
    let line = vec![0; width as usize / 8 + 1];
    let mut data = ZlibEncoder::new(Vec::new(), Compression::best());
    (0..height).for_each(|_| data.write_all(&line).unwrap());
    png(width, height, [1, 0, 0, 0, 0], &data.finish().unwrap())
}

/// The beginning of an interlaced PNG with 8 bytes a pixel.
pub fn interlaced(width: u32, height: u32) -> Vec<u8> {
    png(width, height, [16, 6, 0, 0, 1], &[])
}

/// A PNG; `kind` is its bit depth, colour type, compression, filter and interlacing.
fn png(width: u32, height: u32, kind: [u8; 5], data: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind.as_slice(), data, &crc.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &kind].concat();
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [signature, chunk(b"IHDR", &header), chunk(b"IDAT", data), chunk(b"IEND", &[])].concat()
}
