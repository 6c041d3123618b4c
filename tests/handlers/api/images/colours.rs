//! What colours copies have: those that the original is shown with.

use std::borrow::Cow;

use http::Method;
use image::GenericImageView;
use moxcms::ColorProfile;
use mozjpeg::{ColorSpace, Compress};

use super::samples::{cmyk_profile, png_chunk, with_exif};
use super::uploaded;
use crate::harness::{Request, TestApp};

const SIZE: (u32, u32) = (400, 100);

/// A JPEG of one colour.
fn jpeg(space: ColorSpace, pixel: &[u8], profile: Option<&[u8]>) -> Vec<u8> {
    let mut encoder = Compress::new(space);
    encoder.set_size(SIZE.0 as usize, SIZE.1 as usize);
    encoder.set_quality(95.0);
    let mut encoder = encoder.start_compress(Vec::new()).unwrap();
    profile.inspect(|profile| encoder.write_icc_profile(profile));
    encoder.write_scanlines(&pixel.repeat((SIZE.0 * SIZE.1) as usize)).unwrap();
    encoder.finish().unwrap()
}

/// A PNG of one colour, with what `describe` says of it.
fn png(colour: png::ColorType, pixel: &[u8], describe: impl FnOnce(&mut png::Info<'_>)) -> Vec<u8> {
    let mut info = png::Info::with_size(SIZE.0, SIZE.1);
    info.color_type = colour;
    info.bit_depth = png::BitDepth::Eight;
    describe(&mut info);
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_image_data(&pixel.repeat((SIZE.0 * SIZE.1) as usize)).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Asserts that copies of an image have a colour.
async fn assert_colour(name: &str, image: &[u8], expected: [u8; 3]) {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let path = uploaded(&app, &token, name, image).await;
    for accept in ["image/webp", "*/*"] {
        let copy = app.send(Request::new(Method::GET, &format!("{path}?width=320")).header("accept", accept)).await;
        assert_shown(&copy.body, expected, &format!("{name}, {accept}"));
    }
}

fn assert_shown(bytes: &[u8], expected: [u8; 3], what: &str) {
    let pixel = image::load_from_memory(bytes).unwrap().get_pixel(40, 40).0;
    let near = pixel.iter().zip(expected).all(|(is, should)| is.abs_diff(should) <= 4);
    assert!(near, "{what}: {pixel:?} instead of {expected:?}");
}

/// As libjpeg has them: what inks leave of the light.
const CYAN: [u8; 4] = [0, 255, 255, 255];

#[tokio::test]
async fn inks_look_as_their_profile_says() {
    assert_colour("bare.jpg", &jpeg(ColorSpace::JCS_CMYK, &CYAN, None), [0, 255, 255]).await;
    let profile = cmyk_profile();
    assert_colour("inks.jpg", &jpeg(ColorSpace::JCS_CMYK, &CYAN, Some(&profile)), [0, 166, 218]).await;
    assert_colour("paper.jpg", &jpeg(ColorSpace::JCS_CMYK, &[255; 4], Some(&profile)), [255, 255, 255]).await;
}

#[tokio::test]
async fn what_is_turned_keeps_its_look() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let inks = jpeg(ColorSpace::JCS_CMYK, &CYAN, Some(&cmyk_profile()));
    let grey = jpeg(ColorSpace::JCS_GRAYSCALE, &[128], Some(&linear_grey()));
    for (name, jpeg, expected) in [("inks.jpg", inks, [0, 166, 218]), ("grey.jpg", grey, [188, 188, 188])] {
        for orientation in [3, 6] {
            let path = uploaded(&app, &token, name, &with_exif(&jpeg, orientation)).await;
            let original = app.get(&path).await.body;
            let (width, height) = if orientation == 3 { (SIZE.0, SIZE.1) } else { (SIZE.1, SIZE.0) };
            assert_eq!(image::load_from_memory(&original).unwrap().dimensions(), (width, height));
            assert_shown(&original, expected, name);
        }
    }
}

fn linear_grey() -> Vec<u8> {
    ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()
}

#[tokio::test]
async fn grey_looks_as_its_profile_says() {
    assert_colour("bare.jpg", &jpeg(ColorSpace::JCS_GRAYSCALE, &[128], None), [128; 3]).await;
    assert_colour("grey.jpg", &jpeg(ColorSpace::JCS_GRAYSCALE, &[128], Some(&linear_grey())), [188; 3]).await;
    let with_profile = |info: &mut png::Info<'_>| info.icc_profile = Some(Cow::Owned(linear_grey()));
    assert_colour("grey.png", &png(png::ColorType::Grayscale, &[128], with_profile), [188; 3]).await;
    assert_colour("alpha.png", &png(png::ColorType::GrayscaleAlpha, &[128, 255], with_profile), [188; 3]).await;
    // A profile that is not for such pixels.
    assert_colour("red.png", &png(png::ColorType::Rgb, &[200, 100, 100], with_profile), [200, 100, 100]).await;
}

#[tokio::test]
async fn chunks_of_a_png_count_in_their_order() {
    let linear = |info: &mut png::Info<'_>| info.source_gamma = Some(png::ScaledFloat::new(1.0));
    let rgb = |pixel: [u8; 3], describe: &dyn Fn(&mut png::Info<'_>)| png(png::ColorType::Rgb, &pixel, describe);
    // Primaries, transfer, no matrix, the full range.
    let with_code_points = |pixel, primaries, transfer, describe: &dyn Fn(&mut png::Info<'_>)| {
        let png = rgb(pixel, describe);
        let (before, after) = png.split_at(33);
        [before, &png_chunk(*b"cICP", &[primaries, transfer, 0, 1]), after].concat()
    };
    assert_colour("linear.png", &rgb([128; 3], &linear), [188; 3]).await;
    assert_colour("grey.png", &png(png::ColorType::Grayscale, &[128], linear), [188; 3]).await;
    let srgb = |info: &mut png::Info<'_>| {
        linear(info);
        info.srgb = Some(png::SrgbRenderingIntent::Perceptual);
    };
    assert_colour("srgb.png", &rgb([128; 3], &srgb), [128; 3]).await;
    // Display P3, and before everything else.
    assert_colour("p3.png", &with_code_points([200, 100, 100], 12, 13, &linear), [215, 93, 97]).await;
    // Perceptual quantisation: white is where 203 candela per square metre are.
    for (signal, shade) in [(0, 0), (110, 130), (149, 255), (220, 255)] {
        assert_colour("pq.png", &with_code_points([signal; 3], 9, 16, &|_| {}), [shade; 3]).await;
    }
    // Code points without a meaning.
    assert_colour("reserved.png", &with_code_points([128; 3], 3, 99, &|_| {}), [128; 3]).await;
    assert_colour("linear.png", &with_code_points([128; 3], 2, 2, &linear), [188; 3]).await;
}
