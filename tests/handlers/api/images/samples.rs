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
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &kind].concat();
    let signature = b"\x89PNG\r\n\x1a\n".to_vec();
    [signature, png_chunk(*b"IHDR", &header), png_chunk(*b"IDAT", data), png_chunk(*b"IEND", &[])].concat()
}

/// A chunk of a PNG.
pub fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length, kind.as_slice(), data, &crc.sum().to_be_bytes()].concat()
}

/// A profile of inks (ICC.1:2022): cyan looks like L*a*b* 63, -24, -37, and every other mixture
/// with it; without cyan, paper is white, and black with all of the black.
pub fn cmyk_profile() -> Vec<u8> {
    let ramp: Vec<u8> = (0..=u8::MAX).collect();
    // Two points to an ink, the last of which goes fastest. L* of 100 is 255, a* and b* of 0 are 128.
    let mixture = |point: u8| match (point & 8 > 0, point & 1 > 0) {
        (_, true) => [0, 128, 128],
        (true, false) => [161, 104, 91],
        (false, false) => [255, 128, 128],
    };
    let matrix = [1_u32, 0, 0, 0, 1, 0, 0, 0, 1].map(|cell| (cell << 16).to_be_bytes()).concat();
    let table: Vec<u8> = (0..16).flat_map(mixture).collect();
    let lut = [&b"mft1\0\0\0\0\x04\x03\x02\0"[..], &matrix, &ramp.repeat(4), &table, &ramp.repeat(3)].concat();
    let white = [&b"XYZ \0\0\0\0"[..], &[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]].concat();
    let start = 128 + 4 + 2 * 12;
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
    let tag = |name: &[u8; 4], at, length| [&name[..], &number(at), &number(length)].concat();
    let tags = [&number(2)[..], &tag(b"A2B0", start, lut.len()), &tag(b"wtpt", start + lut.len(), white.len())];
    let contents = [&tags.concat()[..], &lut, &white].concat();
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&number(128 + contents.len()));
    header[8..24].copy_from_slice(b"\x02\x40\0\0prtrCMYKLab ");
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    [header, contents].concat()
}
