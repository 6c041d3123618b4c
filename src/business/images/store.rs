//! What the image rules need from storage: a list of what there is, and the bytes.

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use super::image::{Image, ImagesPage};
use super::name::{ImageName, PendingUpload};
use crate::business::{Fault, NamedRequest, Session, Username};
use crate::imaging::Format;

/// Why images could not be added to the list of their author.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The author is not in the store.
    #[error("unknown author")]
    UnknownAuthor,
    /// The request was done before.
    #[error("done before")]
    Done,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the image rules need from storage to know what there is. Absence is no error.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// Adds images to those of their author: all or none. Adding one twice changes nothing.
    /// Their names, with a slash between them, are recorded as the outcome of `request`.
    async fn add(&self, author: &Session, images: &[Image], request: Option<&NamedRequest>) -> Result<(), AddError>;

    /// An image, if there is such.
    async fn image(&self, username: &Username, id: Uuid) -> Result<Option<Image>, Fault>;

    /// Those of `images` that there are and can be read, in no order.
    async fn images(&self, images: &[(Username, Uuid)]) -> Result<Vec<Image>, Fault>;

    /// Up to `limit` images of a user, newest first, from the one before `before`.
    async fn images_of(&self, username: &Username, before: Option<Uuid>, limit: u32) -> Result<ImagesPage, Fault>;

    /// Takes an image off the list, if it is there.
    async fn remove(&self, username: &Username, id: Uuid) -> Result<(), Fault>;

    /// Whether there is a user of the name.
    async fn is_user(&self, username: &Username) -> Result<bool, Fault>;
}

/// A file of bytes that belongs to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// The image as it was uploaded, less its metadata.
    Original(Username, ImageName),
    /// A smaller rendition: its width in pixels and what it is encoded as.
    Rendition(Username, ImageName, u32, Format),
    /// What somebody sent straight to the storage and has not confirmed yet.
    Upload(Username, PendingUpload),
}

/// What the image rules need from storage to keep bytes. Absence is no error.
#[async_trait]
pub trait ImageObjects: Send + Sync {
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
