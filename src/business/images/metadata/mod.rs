//! What a file says beside the pixels: where and when and with what a picture was
//! taken (EXIF, GPS, XMP, IPTC), comments, thumbnails, whole other files behind its
//! end. Only what is needed to show the picture is kept, block by block, so that
//! metadata nobody has heard of yet is dropped as well.

mod gif;
mod jpeg;
mod png;
mod webp;

use super::Format;

/// An image without metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stripped {
    pub(super) bytes: Vec<u8>,
    pub(super) animated: bool,
}

/// The image in `bytes` without its metadata; none if its blocks are not those of the format.
pub(super) fn strip(bytes: &[u8], format: Format) -> Option<Stripped> {
    match format {
        Format::Gif => gif::strip(bytes),
        Format::Jpeg => jpeg::strip(bytes),
        Format::Png => png::strip(bytes),
        Format::WebP => webp::strip(bytes),
    }
}

/// The first `count` bytes, taken off the front.
fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}
