//! Images: uploading, showing and removing them.
//!
//! An image arrives as whatever a camera wrote. [`pixels`] looks whether it is one,
//! turns it the right way up and makes the smaller copies; [`metadata`] drops
//! everything that is not needed to show it; [`name`] says what it is called.
//! The bytes are kept by an [`ImageFiles`], the list of them by an [`ImageStore`].

mod metadata;
mod name;
mod pixels;
mod service;
mod upload;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

pub use name::{Format, ImageAddress, ImageFile, InvalidImageFile, PendingUpload};
pub use service::{Images, Shown, UploadAddress, Wanted};
pub use upload::Upload;

use super::{Fault, InvalidAccessToken, Session, Timestamp, Username};

/// The most bytes of an image as it is uploaded.
pub const MAX_IMAGE_BYTES: usize = 2 << 20;

/// The most images of one upload.
pub const MAX_IMAGES: usize = 20;

/// The widths in pixels that copies of an image are made in.
pub const WIDTHS: [u32; 5] = [320, 640, 960, 1280, 1920];

/// What is known of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name, which no other image ever has.
    pub file: ImageFile,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// In pixels, the right way up.
    pub width: u32,
    /// In pixels, the right way up.
    pub height: u32,
    /// The size of its file in bytes.
    pub bytes: u64,
    /// Whether it moves; such an image has no copies of other widths.
    pub animated: bool,
}

impl Image {
    /// The widths that there are copies of: those smaller than the image itself.
    pub fn widths(&self) -> impl Iterator<Item = u32> {
        let width = if self.animated { 0 } else { self.width };
        WIDTHS.into_iter().filter(move |smaller| *smaller < width)
    }
}

/// A page of the images of an author.
#[derive(Clone, Debug)]
pub struct ImagesPage {
    /// The images, newest first.
    pub images: Vec<Image>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Why images could not be added to the list of their author.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The author is not in the store.
    #[error("unknown author")]
    UnknownAuthor,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the image rules need from storage to know what there is. Absence is no error.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Adds images to those of their author: all or none. Adding one twice changes nothing.
    async fn add(&self, author: &Session, images: &[Image]) -> Result<(), AddError>;

    /// Those of `images` that there are, in no order.
    async fn images(&self, images: &[(Username, Uuid)]) -> Result<Vec<Image>, Fault>;

    /// Up to `limit` images of a user, newest first, from the one before `before`.
    async fn images_of(&self, username: &Username, before: Option<Uuid>, limit: u32) -> Result<ImagesPage, Fault>;

    /// Takes an image off the list. False if it was not there.
    async fn remove(&self, username: &Username, id: Uuid) -> Result<bool, Fault>;

    /// Whether there is a user of the name.
    async fn is_user(&self, username: &Username) -> Result<bool, Fault>;
}

/// A file of bytes that belongs to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// The image as it was uploaded, less its metadata.
    Original(Username, ImageFile),
    /// A smaller copy: its width in pixels and what it is encoded as.
    Copy(Username, ImageFile, u32, Format),
    /// What somebody sent straight to the storage and has not confirmed yet.
    Upload(Username, PendingUpload),
}

/// What the image rules need from storage to keep bytes. Absence is no error.
#[async_trait]
pub trait ImageFiles: Send + Sync {
    /// The bytes of an object.
    async fn read(&self, object: &Object) -> Result<Option<Bytes>, Fault>;

    /// How many bytes an object has.
    async fn size(&self, object: &Object) -> Result<Option<u64>, Fault>;

    /// Stores an object in the place of any that is there; durable once it returns.
    async fn write(&self, object: &Object, bytes: Bytes) -> Result<(), Fault>;

    /// Removes objects, as far as they are there.
    async fn remove(&self, objects: Vec<Object>) -> Result<(), Fault>;

    /// An address where bytes can be sent to become `object`, with the method `PUT` and
    /// within `seconds`; none if the storage has no addresses.
    async fn upload_url(&self, object: &Object, seconds: u64) -> Result<Option<String>, Fault>;
}

/// Why an image operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file is not a GIF, JPEG, PNG or WebP image, or there was none.
    #[error("One or more image files are of invalid type")]
    InvalidType,
    /// A file has more than [`MAX_IMAGE_BYTES`].
    #[error("One or more image file sizes are too large")]
    TooLarge,
    /// An image is so wide and high that showing it takes too much memory.
    #[error("One or more images have too many pixels")]
    TooManyPixels,
    /// More than [`MAX_IMAGES`] files.
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
    NotTheirs,
    /// Nothing was sent to the address of an upload.
    #[error("Upload not found")]
    UploadNotFound,
    /// The storage is a folder, which nobody can send to.
    #[error("Images are not kept in S3 here, send them to /v1/assets/images")]
    NoPresigning,
    /// The author of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Storage or encoding failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<AddError> for ImageError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::UnknownAuthor => InvalidAccessToken::UnknownUser.into(),
            AddError::Fault(fault) => fault.into(),
        }
    }
}
