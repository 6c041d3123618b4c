/// Why bytes cannot be worked on as an image.
#[derive(Debug, thiserror::Error)]
pub enum ImagingError {
    /// They are no GIF, JPEG, PNG or WebP image, or not all of one.
    #[error("not an image that can be decoded")]
    Undecodable,
    /// The image is so wide and high that decoding it takes too much memory.
    #[error("too many pixels")]
    TooManyPixels,
    /// Others have the memory that decoding it takes.
    #[error("no memory for the image at the moment")]
    NoMemory,
    /// An image that was decoded could not be resized or encoded.
    #[error("not encoded")]
    Encoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub(super) fn encoding(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ImagingError {
    ImagingError::Encoding(error.into())
}
