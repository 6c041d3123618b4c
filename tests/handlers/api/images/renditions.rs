//! Smaller renditions of images.

use std::time::Duration;

use http::{Method, StatusCode};
use image::{DynamicImage, GenericImageView, ImageFormat};
use tempfile::tempdir;

use super::samples::{encoded, picture};
use super::{files_under, upload, uploaded};
use crate::harness::{Request, TestApp};

/// What the storage broke is no fault of the reader.
#[tokio::test]
async fn an_image_that_is_broken_in_the_storage_is_a_fault_of_ours() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let path = uploaded(&app, &token, "a.png", &encoded(&picture(640, 320), ImageFormat::Png)).await;
    let file = path.rsplit('/').next().unwrap();
    std::fs::write(folder.path().join(format!("objects/users/ada/images/{file}/original")), b"none").unwrap();
    assert_eq!(app.get(&format!("{path}?width=320")).await.refusal(500), "Internal server error");
}

#[tokio::test]
async fn copies_are_made_in_five_widths() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let jpeg = encoded(&picture(1_000, 500), ImageFormat::Jpeg);
    let path = uploaded(&app, &token, "a.jpg", &jpeg).await;
    let get =
        |width: u32, accept: &str| Request::new(Method::GET, &format!("{path}?width={width}")).header("accept", accept);
    let plain = app.send(get(320, "*/*")).await;
    assert_eq!(plain.header("content-type"), Some("image/jpeg"));
    assert!(plain.headers.get_all("vary").iter().any(|vary| vary == "accept"));
    let webp = app.send(get(320, "image/avif,image/webp,*/*;q=0.8")).await;
    assert_eq!(webp.header("content-type"), Some("image/webp"));
    assert_ne!(webp.header("etag"), plain.header("etag"));
    for copy in [&plain, &webp] {
        let image = image::load_from_memory(&copy.body).unwrap();
        assert_eq!(image.dimensions(), (320, 160));
        assert!(image.get_pixel(10, 80).0[0] > 200 && image.get_pixel(310, 80).0[0] < 50, "red is on the left");
        assert_eq!(copy.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    assert_eq!(files_under(&folder.path().join("objects")), 3);
    assert_eq!(app.send(get(320, "*/*")).await.body, plain.body);
    assert_eq!(files_under(&folder.path().join("objects")), 3, "made once");
    assert_eq!(app.send(get(1280, "image/webp")).await.body, jpeg, "never larger than it is");
    for bad in ["100", "", "x", "0320", "-320", "4000000000"] {
        let refusal = app.get(&format!("{path}?width={bad}")).await.refusal(400);
        assert_eq!(refusal, "Expected 'width' to be one of 320, 640, 960, 1280, 1920", "{bad}");
    }
}

/// An image that takes more memory than there ever is, and one that was uploaded where there was
/// more.
#[tokio::test]
async fn what_never_fits_is_refused_and_shown_as_it_is() {
    let folder = tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    // Lossless, which takes seven bytes for a pixel.
    let large = encoded(&picture(2_700, 2_700), ImageFormat::WebP);
    let app = TestApp::http(&[("DATA_DIR", data), ("MEMORY_LIMIT", "268435456")]);
    let token = app.author("ada").await;
    let path = uploaded(&app, &token, "a.webp", &large).await;
    drop(app);
    let app = TestApp::http(&[("DATA_DIR", data), ("MEMORY_LIMIT", "134217728")]);
    let token = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
    let refused = app.send(upload(&token, &[("a.webp", &large)])).await;
    assert_eq!(refused.refusal(400), "One or more images have too many pixels");
    let shown = app.get(&format!("{path}?width=320")).await;
    assert_eq!((shown.status, shown.body), (StatusCode::OK, large));
}

#[tokio::test]
async fn a_rendition_that_would_be_larger_is_the_image_itself() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    // Of one bit for a pixel, and without any order.
    let mut small = Vec::new();
    let mut encoder = png::Encoder::new(&mut small, 400, 300);
    encoder.set_depth(png::BitDepth::One);
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let pixels: Vec<u8> = noise.take(50 * 300).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    let path = uploaded(&app, &token, "a.png", &small).await;
    for _ in 0..2 {
        let shown = app.get(&format!("{path}?width=320")).await;
        assert_eq!((shown.header("content-type"), &shown.body), (Some("image/png"), &small));
    }
}

#[tokio::test]
async fn a_copy_of_an_image_that_is_removed_does_not_stay() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let png = encoded(&picture(1_600, 1_200), ImageFormat::Png);
    for milliseconds in [0, 20, 60, 120] {
        let path = uploaded(&app, &token, "a.png", &png).await;
        let copy = async { app.get(&format!("{path}?width=1280")).await.status.as_u16() };
        let removal = async {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            app.send(Request::new(Method::DELETE, &path).bearer(&token)).await.status.as_u16()
        };
        let (copy, removal) = tokio::join!(copy, removal);
        assert!([200, 404].contains(&copy) && removal == 204, "{copy} {removal}");
        assert_eq!(files_under(&folder.path().join("objects")), 0, "{milliseconds} ms");
    }
}

#[tokio::test]
async fn copies_keep_transparency_and_animations_stay_whole() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let mut transparent = DynamicImage::ImageRgb8(picture(400, 100)).into_rgba8();
    transparent.pixels_mut().for_each(|pixel| pixel.0[3] = 0);
    let png = encoded(&transparent, ImageFormat::Png);
    let path = uploaded(&app, &token, "a.png", &png).await;
    for accept in ["image/webp", "image/png"] {
        let copy = app.send(Request::new(Method::GET, &format!("{path}?width=320")).header("accept", accept)).await;
        assert_eq!(copy.header("content-type"), Some(accept));
        assert_eq!(image::load_from_memory(&copy.body).unwrap().get_pixel(5, 5).0[3], 0);
    }
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    let frame = || image::Frame::new(DynamicImage::ImageRgb8(picture(400, 100)).into_rgba8());
    encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
    encoder.encode_frames([frame(), frame()]).unwrap();
    drop(encoder);
    let path = uploaded(&app, &token, "a.gif", &gif).await;
    assert_eq!(app.get(&format!("{path}?width=320")).await.body, app.get(&path).await.body);
}
