/// The most bytes of an image as it is uploaded.
pub const MAX_IMAGE_BYTES: usize = 2 << 20;

/// The most images of one upload.
pub const MAX_IMAGES: usize = 20;
