/// An image without metadata.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::imaging) struct Stripped {
    pub(in crate::imaging) bytes: Vec<u8>,
    pub(in crate::imaging) animated: bool,
    /// The EXIF that was there, from its TIFF header on.
    pub(in crate::imaging) exif: Option<Vec<u8>>,
}

/// EXIF as it begins in some files.
pub(super) const EXIF_HEADER: &[u8] = b"Exif\0\0";

/// The first `count` bytes, taken off the front.
pub(super) fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// The most bytes of an ICC profile, uncompressed. Those of printing machines have a few hundred
/// KiB; what is larger says nothing that a picture needs.
pub(super) const MAX_PROFILE_BYTES: usize = 1 << 20;
