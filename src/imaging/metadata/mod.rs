//! What a file says beside the pixels: where and when and with what a picture was
//! taken (EXIF, GPS, XMP, IPTC), comments, thumbnails, whole other files behind its
//! end. Only what is needed to show the picture is kept, block by block, so that
//! metadata nobody has heard of yet is dropped as well.

mod gif;
mod jpeg;
mod png;
mod stripped;
mod webp;

use super::format::Format;
pub(super) use stripped::Stripped;

/// The image in `bytes` without its metadata; none if its blocks are not those of the format.
pub(super) fn strip(bytes: &[u8], format: Format) -> Option<Stripped> {
    match format {
        Format::Gif => gif::strip(bytes),
        Format::Jpeg => jpeg::strip(bytes),
        Format::Png => png::strip(bytes),
        Format::WebP => webp::strip(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use image::{ImageFormat, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let image = RgbImage::from_pixel(9, 7, image::Rgb([20, 30, 99]));
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// `inserted` put into `bytes` before `at`.
    fn with(bytes: &[u8], at: usize, inserted: &[u8]) -> Vec<u8> {
        [&bytes[..at], inserted, &bytes[at..]].concat()
    }

    fn png_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind.as_bytes(), data, b"crc?"].concat()
    }

    #[test]
    fn only_what_shows_the_picture_is_kept() {
        let (gif, jpeg) = (encoded(ImageFormat::Gif), encoded(ImageFormat::Jpeg));
        let (png, webp) = (encoded(ImageFormat::Png), encoded(ImageFormat::WebP));
        let webp_with = |chunks: &[u8]| {
            let mut bytes = [&webp, chunks].concat();
            let length = u32::try_from(bytes.len() - 8).unwrap();
            bytes[4..8].copy_from_slice(&length.to_le_bytes());
            bytes
        };
        for (format, plain, more) in [
            (Format::Gif, &gif, with(&gif, gif.len() - 1, b"\x21\xfe\x06SECRET\0")),
            (Format::Gif, &gif, with(&gif, gif.len() - 1, b"\x21\xff\x0bXMP DataXMP\x06SECRET\0")),
            (Format::Jpeg, &jpeg, with(&jpeg, 2, b"\xff\xe1\0\x0eExif\0\0SECRET")),
            (Format::Jpeg, &jpeg, with(&jpeg, 2, b"\xff\xff\xfe\0\x08SECRET")),
            (Format::Jpeg, &jpeg, with(&jpeg, 2, b"\xff\xe2\0\x0cMPF\0SECRET")),
            (Format::Png, &png, with(&png, 33, &png_chunk("tEXt", b"Author\0SECRET"))),
            (Format::Png, &png, with(&png, 33, &png_chunk("eXIf", b"SECRET"))),
            (Format::Png, &png, with(&png, 33, &png_chunk("neWs", b"SECRET"))),
            (Format::WebP, &webp, webp_with(b"EXIF\x06\0\0\0SECRET")),
            (Format::WebP, &webp, webp_with(b"XMP \x07\0\0\0SECRET.\0")),
        ] {
            let stripped = |bytes: &[u8]| strip(bytes, format).unwrap().bytes;
            assert_eq!(&stripped(plain), plain, "{format:?}");
            assert_eq!(&stripped(&more), plain, "{format:?}: {}", String::from_utf8_lossy(&more));
            assert_eq!(&stripped(&[plain, &b"SECRET"[..]].concat()), plain, "{format:?}, behind the end");
        }
    }

    #[test]
    fn a_profile_of_more_than_a_mebibyte_is_dropped() {
        let (jpeg, png, webp) = (encoded(ImageFormat::Jpeg), encoded(ImageFormat::Png), encoded(ImageFormat::WebP));
        let jpeg_with = |segments| {
            let segment = [b"\xff\xe2\xff\xffICC_PROFILE\0\x01\x01", vec![0; 65_519].as_slice()].concat();
            with(&jpeg, 2, &segment.repeat(segments))
        };
        let png_with = |bytes: usize| {
            let mut profile = ZlibEncoder::new(b"name\0\0".to_vec(), Compression::best());
            profile.write_all(&vec![0; bytes]).unwrap();
            with(&png, 33, &png_chunk("iCCP", &profile.finish().unwrap()))
        };
        let webp_with = |bytes: usize| {
            let profile = [b"ICCP", &u32::try_from(bytes).unwrap().to_le_bytes()[..], &vec![0; bytes]].concat();
            let mut webp = with(&webp, 12, &[b"VP8X\x0a\0\0\0\x20\0\0\0\x08\0\0\x06\0\0", &profile[..]].concat());
            let length = u32::try_from(webp.len() - 8).unwrap();
            webp[4..8].copy_from_slice(&length.to_le_bytes());
            webp
        };
        for (format, small, large) in [
            (Format::Jpeg, jpeg_with(15), jpeg_with(17)),
            (Format::Png, png_with(1 << 20), png_with((1 << 20) + 1)),
            (Format::WebP, webp_with(1 << 20), webp_with((1 << 20) + 2)),
        ] {
            assert_eq!(strip(&small, format).unwrap().bytes, small, "{format:?}");
            let stripped = strip(&large, format).unwrap().bytes;
            assert!(stripped.len() < 10_000 && stripped != large, "{format:?}: {}", stripped.len());
            image::load_from_memory(&stripped).unwrap();
            if format == Format::WebP {
                assert_eq!(stripped[20], 0, "it is not announced");
            }
        }
    }

    #[test]
    fn a_gif_without_colours_is_given_some() {
        let pixel = b"GIF89a\x01\0\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
        let stripped = strip(pixel, Format::Gif).unwrap();
        assert!(!stripped.animated);
        image::load_from_memory(&stripped.bytes).unwrap();
    }

    #[test]
    fn an_extended_webp_does_not_announce_what_is_gone() {
        let webp = encoded(ImageFormat::WebP);
        let extended = with(&webp, 12, b"VP8X\x0a\0\0\0\x2c\0\0\0\x08\0\0\x06\0\0");
        let mut extended = [&extended[..], b"EXIF\x02\0\0\0xx"].concat();
        let length = u32::try_from(extended.len() - 8).unwrap();
        extended[4..8].copy_from_slice(&length.to_le_bytes());
        assert_eq!(strip(&extended, Format::WebP).unwrap().bytes[20], 0x20);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>, cut: usize, flip: usize) {
            for (format, kind) in [
                (Format::Gif, ImageFormat::Gif),
                (Format::Jpeg, ImageFormat::Jpeg),
                (Format::Png, ImageFormat::Png),
                (Format::WebP, ImageFormat::WebP),
            ] {
                let _ = strip(&bytes, format);
                let mut image = encoded(kind);
                let flipped = flip % image.len();
                image[flipped] ^= 0xff;
                let _ = strip(&image, format);
                let _ = strip(&image[..cut % image.len()], format);
            }
        }
    }
}
