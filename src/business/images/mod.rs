//! Images: uploading, showing and removing them.
//!
//! ```text
//!  Upload ──► imaging::prepare ──► ImageObjects::write   the bytes, which nobody knows of yet
//!                                  ImageStore::add     all images of the upload are listed
//!
//!  show   ──► ImageObjects::read, or for a smaller rendition that is not made yet:
//!             imaging::render  ──► ImageObjects::write, then shown
//!
//!  remove ──► ImageObjects::remove ──► ImageStore::remove
//! ```
//!
//! Bytes are there before an image is listed, and gone before it no longer is: whatever
//! breaks off in between leaves at worst a file that nobody knows the [`name`] of, or an
//! image whose removal can be tried again. What is computed is in [`crate::imaging`].

mod error;
mod image;
mod limits;
mod name;
mod service;
mod store;
mod upload;

pub use error::ImageError;
pub use image::{Image, ImagesPage, WIDTHS};
pub use limits::{MAX_IMAGE_BYTES, MAX_IMAGES};
pub use name::{ImageAddress, ImageName, InvalidImageName, PendingUpload};
pub use service::{Images, PresignedUpload, Rendition, RenditionRequest};
pub use store::{AddError, ImageObjects, ImageStore, Object};
pub use upload::Upload;
