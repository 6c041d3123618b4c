//! Uploading, showing, listing and removing images.

mod colours;
mod renditions;
mod s3;
pub mod samples;
mod sweep;

use http::{Method, StatusCode};
use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::api::images::samples::{bomb, encoded, interlaced, picture, with_exif};
use crate::harness::{Request, Response, TestApp};

const BOUNDARY: &str = "a-boundary";

/// A body of files as a browser sends it.
fn form(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"images\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

pub fn upload(token: &str, files: &[(&str, &[u8])]) -> Request {
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    Request::new(Method::POST, "/v1/assets/images").bearer(token).body(&media_type, form(files))
}

pub fn urls(uploaded: &Response) -> Vec<String> {
    assert_eq!(uploaded.status, StatusCode::OK, "{}", uploaded.text());
    serde_json::from_value(uploaded.json()["image_objects_urls"].clone()).unwrap()
}

/// Uploads one image; returns its path.
pub async fn uploaded(app: &TestApp, token: &str, name: &str, bytes: &[u8]) -> String {
    path(&urls(&app.send(upload(token, &[(name, bytes)])).await)[0])
}

pub fn path(url: &str) -> String {
    url.strip_prefix("http://127.0.0.1:8000").expect("the API's address").to_owned()
}

async fn listed(app: &TestApp, token: &str) -> Vec<Value> {
    let list = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(token)).await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    list.json()["images"].as_array().unwrap().clone()
}

#[tokio::test]
async fn images_are_shown_as_they_were_sent() {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    let formats = [ImageFormat::Gif, ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    let images: Vec<Vec<u8>> = formats.iter().map(|format| encoded(&picture(40, 30), *format)).collect();
    // Their names do not tell what they are.
    let names = ["My Cat (1).GIF", "photo.jpeg", "räka.bin", "C:\\x\\y.png"];
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(images.iter().map(Vec::as_slice)).collect();
    let urls = urls(&app.send(upload(&token, &files)).await);
    let expected = [
        ("my_cat_1", "gif", "image/gif"),
        ("photo", "jpeg", "image/jpeg"),
        ("raka", "png", "image/png"),
        ("y", "webp", "image/webp"),
    ];
    assert_eq!(urls.len(), expected.len());
    for ((url, (stem, extension, media_type)), sent) in urls.iter().zip(expected).zip(&images) {
        let file = url.strip_prefix("http://127.0.0.1:8000/v1/users/Ada/images/").expect("an address of Ada's");
        let id = file.strip_prefix(&format!("{stem}_")).and_then(|rest| rest.strip_suffix(&format!(".{extension}")));
        assert!(id.is_some_and(|id| uuid::Uuid::parse_str(id).is_ok()), "{file}");
        let shown = app.get(&path(url)).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert_eq!(shown.header("content-type"), Some(media_type));
        assert_eq!(shown.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(&shown.body, sent, "{media_type}");
        assert_eq!(app.get(&path(url).replace("/Ada/", "/aDA/")).await.status, StatusCode::OK);
    }
    let ids: Vec<Value> = listed(&app, &token).await.into_iter().rev().map(|image| image["url"].clone()).collect();
    assert_eq!(ids, urls, "newest first");
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let invalid = "One or more image files are of invalid type";
    let png = encoded(&picture(8, 8), ImageFormat::Png);
    let jpeg = encoded(&picture(8, 8), ImageFormat::Jpeg);
    for (name, bytes) in [
        ("a.png", &b"not an image"[..]),
        ("a.png", b""),
        ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("a.png", b"\x89PNG\r\n\x1a\nnot much more"),
        ("cut.png", &png[..png.len() / 2]),
        ("cut.jpg", &jpeg[..jpeg.len() / 2]),
        ("a.gif", b"GIF89a"),
        ("a.webp", b"RIFF\x04\0\0\0WEBP"),
        ("a.bmp", b"BM\x1e\0\0\0\0\0\0\0"),
    ] {
        assert_eq!(app.send(upload(&token, &[(name, bytes)])).await.refusal(400), invalid, "{name} {bytes:?}");
    }
    assert_eq!(app.send(upload(&token, &[])).await.refusal(400), invalid, "no file");
    assert_eq!(app.send(upload(&token, &[("", b"")])).await.refusal(400), invalid, "no file chosen");
    let json = Request::new(Method::POST, "/v1/assets/images").bearer(&token).json(&json!({"image": "x"}));
    assert_eq!(app.send(json).await.refusal(400), invalid, "not multipart");
    let nothing = Request::new(Method::POST, "/v1/assets/images").bearer(&token);
    assert_eq!(app.send(nothing).await.refusal(400), invalid, "no body");
    let mut cut = upload(&token, &[("a.png", &png)]);
    cut.body.truncate(cut.body.len() - 30);
    assert_eq!(app.send(cut).await.refusal(400), "Malformed multipart body");
    assert_eq!(listed(&app, &token).await, [json!(null); 0]);
}

#[tokio::test]
async fn an_image_may_have_two_mebibytes() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    // What stands behind the end of an image is not kept, but it is sent.
    let mut image = encoded(&picture(8, 8), ImageFormat::Png);
    image.resize(2 << 20, 0);
    let path = uploaded(&app, &token, "full.png", &image).await;
    assert!(app.get(&path).await.body.len() < 1_000);
    image.push(0);
    let large = "One or more image file sizes are too large";
    assert_eq!(app.send(upload(&token, &[("a.png", &image)])).await.refusal(400), large);
    if app.takes_any_body() {
        image.resize(50 << 20, 0);
        assert_eq!(app.send(upload(&token, &[("a.png", &image)])).await.refusal(400), large);
    }
}

#[tokio::test]
async fn an_upload_is_whole_or_nothing() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let png = encoded(&picture(8, 8), ImageFormat::Png);
    let files = [("a.png", png.as_slice()), ("b.png", png.as_slice()), ("c.png", b"none")];
    let refusal = app.send(upload(&token, &files)).await.refusal(400);
    assert_eq!(refusal, "One or more image files are of invalid type");
    let twenty_one: Vec<_> = (0..21).map(|_| ("a.png", png.as_slice())).collect();
    assert_eq!(app.send(upload(&token, &twenty_one)).await.refusal(400), "Too many image files, at most 20 at once");
    assert_eq!(listed(&app, &token).await, [json!(null); 0]);
    assert_eq!(files_under(&folder.path().join("objects")), 0);
    assert_eq!(urls(&app.send(upload(&token, &twenty_one[1..])).await).len(), 20);
    assert_eq!(files_under(&folder.path().join("objects")), 20);
}

pub fn files_under(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn an_upload_needs_an_author() {
    let app = TestApp::start().await;
    let image = vec![0xff; 3 << 20];
    let anonymous = Request { headers: Vec::new(), ..upload("", &[("a.png", &image)]) };
    assert_eq!(app.send(anonymous).await.refusal(403), "No authorization header provided");
    for path in ["/v1/assets/images/presign", "/v1/assets/images/confirm"] {
        assert_eq!(app.post(path, &json!({"x": 1})).await.refusal(403), "No authorization header provided");
    }
    assert_eq!(app.get("/v1/users/me/images").await.refusal(403), "No authorization header provided");
}

#[tokio::test]
async fn metadata_is_removed_and_the_orientation_applied() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    // Red on the left, turned by a quarter to the right: red is on top.
    let jpeg = with_exif(&encoded(&picture(64, 32), ImageFormat::Jpeg), 6);
    assert!(jpeg.windows(6).any(|bytes| bytes == b"SECRET"));
    let path = uploaded(&app, &token, "turned.jpg", &jpeg).await;
    let shown = app.get(&path).await.body;
    assert!(!shown.windows(6).any(|bytes| bytes == b"SECRET" || bytes == b"Exif\0\0"));
    let image = image::load_from_memory(&shown).unwrap();
    assert_eq!(image.dimensions(), (32, 64));
    assert!(image.get_pixel(16, 4).0[0] > 200 && image.get_pixel(16, 60).0[0] < 50);
    assert_eq!(listed(&app, &token).await[0]["height"], json!(64));
    // The right way up, it stays as it is but for the metadata.
    let plain = encoded(&picture(64, 32), ImageFormat::Jpeg);
    let path = uploaded(&app, &token, "plain.jpg", &with_exif(&plain, 1)).await;
    assert_eq!(app.get(&path).await.body, plain);
}

#[tokio::test]
async fn a_decompression_bomb_is_refused_without_taking_the_memory() {
    let app = TestApp::http(&[("MEMORY_LIMIT", "268435456")]);
    let token = app.author("ada").await;
    let before = app.process.resident_bytes();
    let bomb = bomb(50_000, 50_000);
    assert!(bomb.len() < 2 << 20);
    assert_eq!(
        app.send(upload(&token, &[("a.png", &bomb)])).await.refusal(400),
        "One or more images have too many pixels"
    );
    // Few enough pixels, but all of them at once.
    assert_eq!(
        app.send(upload(&token, &[("a.png", &interlaced(4_000, 3_000))])).await.refusal(400),
        "One or more images have too many pixels"
    );
    let after = app.process.resident_bytes();
    assert!(after < before + (50 << 20), "{before} bytes became {after}");
}

#[tokio::test]
async fn a_client_gets_only_what_it_does_not_have() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let png = encoded(&picture(40, 30), ImageFormat::Png);
    let path = uploaded(&app, &token, "a.png", &png).await;
    let get = |name, value: &str| Request::new(Method::GET, &path).header(name, value);
    let tag = app.get(&path).await.header("etag").unwrap().to_owned();
    let known = app.send(get("if-none-match", &tag)).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(known.header("etag"), Some(tag.as_str()));
    assert_eq!(app.send(get("if-none-match", "\"other\"")).await.status, StatusCode::OK);

    let part = app.send(get("range", "bytes=8-15")).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.body, png[8..16]);
    assert_eq!(part.header("content-range"), Some(format!("bytes 8-15/{}", png.len()).as_str()));
    assert_eq!(app.send(get("range", "bytes=-4")).await.body, png[png.len() - 4..]);
    let beyond = app.send(get("range", "bytes=9999999-")).await;
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{}", png.len()).as_str()));
    assert_eq!(beyond.refusal(416), "Range not satisfiable");
    for whole in ["bytes=0-1,4-5", "bytes=x", "lines=1-2"] {
        assert_eq!(app.send(get("range", whole)).await.status, StatusCode::OK, "{whole}");
    }
    assert_eq!(app.send(get("range", "bytes=0-1").header("if-range", "\"other\"")).await.status, StatusCode::OK);

    let head = app.send(Request::new(Method::HEAD, &path)).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-type"), Some("image/png"));
}

#[tokio::test]
async fn what_there_is_not_is_not_found() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    app.register("bob").await;
    let path = uploaded(&app, &token, "a.png", &encoded(&picture(400, 30), ImageFormat::Png)).await;
    for query in ["", "?width=320"] {
        let missing = async |path: &str| app.get(&format!("{path}{query}")).await.refusal(404);
        assert_eq!(missing(&path.replace("/ada/", "/nobody/")).await, "User with username 'nobody' does not exist");
        assert_eq!(missing("/v1/users/a%20b/images/x.png").await, "User with username 'a b' does not exist");
        assert_eq!(missing("/v1/users/ada/images/x.png").await, "Image not found");
        assert_eq!(missing(&path.replace("/ada/", "/bob/")).await, "Image not found");
        assert_eq!(missing(&path.replace("/a_", "/b_")).await, "Image not found");
        assert_eq!(missing("/v1/users/ada/images/..%2F..%2Ftalelio.db").await, "Image not found");
    }
}

#[tokio::test]
async fn an_author_lists_and_removes_their_images() {
    let app = TestApp::start().await;
    let (token, other) = (app.author("ada").await, app.author("bob").await);
    let png = encoded(&picture(400, 30), ImageFormat::Png);
    let files: Vec<_> = (0..5).map(|_| ("a.png", png.as_slice())).collect();
    let urls = urls(&app.send(upload(&token, &files)).await);
    let mut next = "/v1/users/me/images?limit=2".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = app.send(Request::new(Method::GET, &next).bearer(&token)).await;
        seen.extend(
            page.json()["images"].as_array().unwrap().iter().map(|image| image["url"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        let Some(link) = page.header("link") else { break };
        next = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    }
    seen.reverse();
    assert_eq!((seen, pages), (urls.clone(), 3));
    let image = listed(&app, &token).await.remove(0);
    assert_eq!(image["width"], json!(400));
    assert_eq!(image["bytes"], json!(png.len()));
    assert_eq!(image["media_type"], json!("image/png"));
    assert_eq!(listed(&app, &other).await.len(), 0);
    for bad in ["limit=x", "before=x", "limit=-1"] {
        let request = Request::new(Method::GET, &format!("/v1/users/me/images?{bad}")).bearer(&token);
        assert_eq!(app.send(request).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }

    let path = path(&urls[0]);
    let copy = format!("{path}?width=320");
    assert_eq!(app.get(&copy).await.status, StatusCode::OK);
    let remove = |path: &str, token: &str| Request::new(Method::DELETE, path).bearer(token);
    let not_theirs = app.send(remove(&path, &other)).await.refusal(403);
    assert_eq!(not_theirs, "Only the author of an image can remove it");
    assert_eq!(app.send(Request::new(Method::DELETE, &path)).await.refusal(403), "No authorization header provided");
    let removed = app.send(remove(&path, &token)).await;
    assert_eq!((removed.status, removed.body.len()), (StatusCode::NO_CONTENT, 0));
    for gone in [&path, &copy] {
        assert_eq!(app.get(gone).await.refusal(404), "Image not found");
    }
    assert_eq!(app.send(remove(&path, &token)).await.refusal(404), "Image not found");
    assert_eq!(app.send(remove("/v1/users/me/images/x.png", &token)).await.refusal(404), "Image not found");
    let me = urls[1].rsplit('/').next().map(|file| format!("/v1/users/me/images/{file}")).unwrap();
    assert_eq!(app.send(remove(&me, &token)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(listed(&app, &token).await.len(), 3);
}

#[tokio::test]
async fn articles_say_how_large_their_images_are() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let large =
        urls(&app.send(upload(&token, &[("a.jpg", &encoded(&picture(700, 70), ImageFormat::Jpeg))])).await).remove(0);
    let small =
        urls(&app.send(upload(&token, &[("b.png", &encoded(&picture(20, 10), ImageFormat::Png))])).await).remove(0);
    let body = format!(
        "![one]({large})\n\n![two]({small}){{: width=10 }}\n\n<img src=\"{large}\" srcset=\"x.png 1x\">\n\n\
         ![other](https://example.com/a.png)\n\n![three]({})\n\n\
         ![low]({large}){{: height=35 }}\n\n![half]({large}){{: width=50% }}\n\n![square]({large}){{: width=90 height=90 }}\n\n\
         <img src=\"{large}\" style='font-family:\"a:b\"; color:red'>\n\n<img src=\"{large}\" style=\"height:7px\">",
        large.replace("/ada/", "/ADA/")
    );
    let article = json!({"title": "Images", "body": body, "meta_description": "x"});
    let html = app.publish_article(&token, &article).await.json()["article"]["html"].as_str().unwrap().to_owned();
    let html = html.replace(&large, "LARGE").replace(&small, "SMALL");
    insta::assert_snapshot!(html.replace(&large.replace("/ada/", "/ADA/"), "OTHER CASE"), @r#"
    <p><img alt="one" src="LARGE" loading="lazy" width="700" height="70" style="max-width: 100%; height: auto" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    <p><img alt="two" src="SMALL" width="10" loading="lazy" height="5" style="max-width: 100%; height: auto"></p>
    <p><img src="LARGE" srcset="x.png 1x" loading="lazy" width="700" height="70" style="max-width: 100%; height: auto"></p>
    <p><img alt="other" src="https://example.com/a.png" loading="lazy"></p>
    <p><img alt="three" src="OTHER CASE" loading="lazy" width="700" height="70" style="max-width: 100%; height: auto" srcset="OTHER CASE?width=320 320w, OTHER CASE?width=640 640w, OTHER CASE 700w"></p>
    <p><img alt="low" src="LARGE" height="35" loading="lazy" width="350" style="max-width: 100%; height: auto" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    <p><img alt="half" src="LARGE" width="700" loading="lazy" height="70" style="width: 50%; max-width: 100%; height: auto" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    <p><img alt="square" src="LARGE" width="90" height="90" loading="lazy" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    <p><img src="LARGE" style="font-family:&quot;a:b&quot;; color:red; max-width: 100%; height: auto" loading="lazy" width="700" height="70" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    <p><img src="LARGE" style="height:7px; max-width: 100%; width: auto" loading="lazy" width="700" height="70" srcset="LARGE?width=320 320w, LARGE?width=640 640w, LARGE 700w"></p>
    "#);
    let project = json!({"title": "Images", "body": format!("![one]({small})")});
    let project = app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&project)).await;
    let html = project.json()["html"].as_str().unwrap().replace(&small, "SMALL");
    assert_eq!(
        html,
        "<p><img alt=\"one\" src=\"SMALL\" loading=\"lazy\" width=\"20\" height=\"10\" style=\"max-width: 100%; height: auto\"></p>\n"
    );
}

#[tokio::test]
async fn a_folder_cannot_be_sent_to() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    let presign = |body: &Value| Request::new(Method::POST, "/v1/assets/images/presign").bearer(&token).json(body);
    let refused = app.send(presign(&json!({"file_name": "a.png"}))).await.refusal(409);
    assert_eq!(refused, "Images are not kept in S3 here, send them to /v1/assets/images");
    assert_eq!(app.send(presign(&json!({"name": "a.png"}))).await.refusal(400), "Expected 'file_name' key");
    let confirm = Request::new(Method::POST, "/v1/assets/images/confirm").bearer(&token);
    assert_eq!(app.send(confirm.json(&json!({"upload": "../x"}))).await.refusal(404), "Upload not found");
}

#[tokio::test]
async fn a_file_is_uploaded_whatever_its_name_looks_like() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let png = encoded(&picture(8, 8), ImageFormat::Png);
    let names: [&[u8]; 5] = [
        b"name=\"a\"; filename=\"one.png\"",
        b"name=\"a\"; filename*=utf-8\'\'two.png",
        b"FileName=\"three.png\"; name=\"a\"",
        b"name=\"a\"; filename=\"f\xe5r.png\"",
        b"name=\"a\"; filename*=koi8-r\'\'%f0",
    ];
    let mut body = Vec::new();
    for name in names {
        body.extend([b"--", BOUNDARY.as_bytes(), b"\r\nContent-Disposition: form-data; ", name, b"\r\n\r\n"].concat());
        body.extend([&png[..], b"\r\n"].concat());
    }
    body.extend([b"--", BOUNDARY.as_bytes(), b"--\r\n"].concat());
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = Request::new(Method::POST, "/v1/assets/images").bearer(&token).body(&media_type, body);
    let urls = urls(&app.send(request).await);
    assert_eq!(urls.len(), 5, "{urls:?}");
    for (url, begin) in urls.iter().zip(["one", "two", "three", "f", "file"]) {
        assert!(url.rsplit('/').next().unwrap().starts_with(begin), "{url}");
    }
}
