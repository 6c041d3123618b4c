//! Images: uploading, showing and removing them.
//!
//! ```text
//!  Upload ──► imaging::prepare ──► ImageObjects::write   the bytes, which nobody knows of yet
//!                                  ImageStore::add     all images of the upload are listed
//!
//!  show   ──► ImageStore::images, ImageObjects::read, or for a smaller rendition that is not
//!             made yet: imaging::render  ──► ImageObjects::write, then shown
//!
//!  remove ──► ImageStore::remove ──► ImageObjects::remove
//! ```
//!
//! An image is one that is listed: its bytes are there before it is, and as long. Whatever
//! breaks off in between leaves at worst a file that is shown to nobody, and that [`SweepObjects`] removes.
//! What is computed is in [`crate::imaging`].

mod error;
mod image;
mod integrity;
mod limits;
mod name;
mod presigned;
mod service;
mod store;
mod sweep;
mod upload;

pub use error::ImageError;
pub use image::{Image, ImagesPage, WIDTHS};
pub use integrity::Unlisted;
pub use limits::{MAX_IMAGE_BYTES, MAX_IMAGES};
pub use name::{ImageAddress, ImageName, InvalidImageName, PendingUpload};
pub use presigned::PresignedUpload;
pub use service::{Images, Rendition, RenditionRequest};
pub use store::{AddError, ImageObjects, ImageStore, Object};
pub use sweep::{ObjectListing, SweepObjects, SweepProgress, SweepStore};
pub use upload::Upload;
