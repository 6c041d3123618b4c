//! What is known of an image.

use super::name::ImageName;
use crate::business::Timestamp;

/// The widths in pixels that renditions of an image are made in.
pub const WIDTHS: [u32; 5] = [320, 640, 960, 1280, 1920];

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name, which no other image ever has.
    pub file: ImageName,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// In pixels, the right way up.
    pub width: u32,
    /// In pixels, the right way up.
    pub height: u32,
    /// The size of its file in bytes.
    pub bytes: u64,
    /// Whether it is animated; such an image has no renditions.
    pub animated: bool,
    /// The CRC-32 (ISO 3309) of its bytes; none for images that were stored before there was one.
    pub checksum: Option<u32>,
}

/// The most pixels of a rendition; one of a very tall image would hardly be smaller than that.
const MAX_RENDITION_PIXELS: u64 = 8_000_000;

impl Image {
    /// The widths that there are renditions of: those smaller than the image itself.
    pub fn rendition_widths(&self) -> impl Iterator<Item = u32> {
        let width = if self.animated { 0 } else { self.width };
        let fits = |width: u32| u64::from(width) * u64::from(self.height_at(width)) <= MAX_RENDITION_PIXELS;
        WIDTHS.into_iter().filter(move |smaller| *smaller < width && fits(*smaller))
    }

    /// How high it is when it is so wide, both in pixels.
    #[must_use]
    pub fn height_at(&self, width: u32) -> u32 {
        let of_width = u64::from(self.width.max(1));
        let height = (u64::from(self.height) * u64::from(width) + of_width / 2) / of_width;
        u32::try_from(height).unwrap_or(u32::MAX).max(1)
    }
}

/// A page of the images of an author.
#[derive(Clone, Debug)]
pub struct ImagesPage {
    /// The images, newest first.
    pub images: Vec<Image>,
    /// Whether there are older ones.
    pub more: bool,
    /// How many images of the page are left out, as they cannot be read.
    pub unreadable: usize,
}
