use super::store::AddError;
use crate::business::idempotency::not_recorded;
use crate::business::{Fault, IdempotencyError, InvalidAccessToken, LimitError};
use crate::imaging::ImagingError;

/// Why an image operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file is not a GIF, JPEG, PNG or WebP image, or there was none.
    #[error("One or more image files are of invalid type")]
    InvalidType,
    /// A file has more than [`MAX_IMAGE_BYTES`](super::MAX_IMAGE_BYTES).
    #[error("One or more image file sizes are too large")]
    TooLarge,
    /// An image is so wide and high that showing it takes too much memory.
    #[error("One or more images have too many pixels")]
    TooManyPixels,
    /// More than [`MAX_IMAGES`](super::MAX_IMAGES) files.
    #[error("Too many image files, at most 20 at once")]
    TooMany,
    /// No user has the name.
    #[error("User with username '{0}' does not exist")]
    UnknownUser(String),
    /// There is no such image.
    #[error("Image not found")]
    NotFound,
    /// The image belongs to somebody else.
    #[error("Only the author of an image can remove it")]
    NotOwner,
    /// Nothing was sent to the address of an upload.
    #[error("Upload not found")]
    UploadNotFound,
    /// The storage is a folder, which nobody can send to.
    #[error("Images are not kept in S3 here, send them to /v1/assets/images")]
    NoPresigning,
    /// The author of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Too many bytes of images in a day.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// The name of the request is that of another.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Storage or encoding failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<AddError> for ImageError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::UnknownAuthor => InvalidAccessToken::UnknownUser.into(),
            AddError::Done => not_recorded().into(),
            AddError::Fault(fault) => fault.into(),
        }
    }
}

impl ImageError {
    /// Why an upload was refused. There is no `From`, because the same error about an image
    /// that was accepted once is a [`Fault`].
    pub(super) fn of_upload(error: ImagingError) -> Self {
        match error {
            ImagingError::Undecodable => Self::InvalidType,
            ImagingError::TooManyPixels => Self::TooManyPixels,
            error @ ImagingError::NoMemory => Fault::busy(error).into(),
            ImagingError::Encoding(source) => Fault::failed(source).into(),
        }
    }
}
