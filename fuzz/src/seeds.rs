//! Inputs to begin with, made of what the tests have. Those that are text by themselves stand in
//! the folder `seeds`.

use std::fs;
use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat};
use talelio::imaging::{Format, Memory, render};

#[path = "../../tests/markdown/pathological.rs"]
mod pathological;
#[path = "../../tests/handlers/api/images/samples.rs"]
mod samples;

/// What separates the parts of a form, in every multipart body here.
pub const BOUNDARY: &str = "boundary";

/// Where the seeds of a target are written to, from where the fuzzer reads them.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/fuzz/seeds");

/// Writes the seeds of `target`, which is done before the fuzzer looks for them.
///
/// # Panics
/// When they cannot be written.
pub fn write(target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let folder = Path::new(FOLDER).join(target);
    fs::create_dir_all(&folder).expect("a folder for seeds");
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("{number:03}")), seed).expect("a file for a seed");
    }
}

/// The snippets that our Markdown is compared with Python-Markdown by, and small pathological texts.
pub fn markdown() -> impl Iterator<Item = Vec<u8>> {
    let snippets = include_str!("../../tests/markdown/snippets.md");
    let snippets = snippets.split("=== ").filter_map(|snippet| Some(snippet.split_once('\n')?.1.to_owned()));
    snippets.chain(pathological::texts(64).map(|(_, text)| text)).map(String::into_bytes)
}

/// An image of every kind, small but for one.
#[must_use]
pub fn images() -> Vec<Vec<u8>> {
    let picture = samples::picture(24, 16);
    let png = samples::encoded(&picture, ImageFormat::Png);
    let jpeg = samples::encoded(&picture, ImageFormat::Jpeg);
    let see_through = DynamicImage::from(picture.clone()).into_rgba8();
    let mut animation = Vec::new();
    let frames = [see_through.clone(), see_through.clone()].map(Frame::new);
    GifEncoder::new(&mut animation).encode_frames(frames).expect("a GIF");
    let memory = Memory { max: 1 << 20, reserve: &|_| true };
    let lossy = render(&png, Format::Png, (12, 8), Format::WebP, &memory).expect("a WebP");
    vec![
        samples::encoded(&picture, ImageFormat::Gif),
        samples::encoded(&picture, ImageFormat::WebP),
        samples::encoded(&see_through, ImageFormat::Png),
        samples::encoded(&see_through, ImageFormat::WebP),
        samples::encoded(&DynamicImage::from(picture).into_luma16(), ImageFormat::Png),
        samples::with_exif(&jpeg, 6),
        samples::bomb(1_000, 1_000),
        animation,
        lossy,
        jpeg,
        png,
    ]
}

/// Forms with an image each, and one with all of them.
#[must_use]
pub fn forms() -> Vec<Vec<u8>> {
    let part = |image: &Vec<u8>| {
        let head =
            "Content-Disposition: form-data; name=\"image\"; filename=\"My cat.jpg\"\r\nContent-Type: image/jpeg";
        [format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes(), image, b"\r\n"].concat()
    };
    let form = |parts: &[Vec<u8>]| [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat();
    let parts: Vec<_> = images().iter().map(part).collect();
    let mut forms: Vec<_> = parts.iter().map(|part| form(std::slice::from_ref(part))).collect();
    forms.push(form(&parts));
    forms
}
