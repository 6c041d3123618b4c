//! Images as they are uploaded, stored and shown: GIF, JPEG, PNG and WebP.
//!
//! ```text
//!  upload ──► format     recognise it by its first bytes
//!             metadata   keep only the blocks that show the image: no EXIF, no GPS
//!             decode     read it to its end, within limits of pixels and memory
//!             turn       the way up that EXIF asked for        ──► to be stored
//!
//!  stored ──► decode     as small as may be
//!             rendition  resize, put into sRGB, encode         ──► to be shown
//! ```
//!
//! An image is decoded to the end before it is stored, so that a file that is cut off, or
//! only pretends to be an image, is found out; but its pixels are stored as they came,
//! unless they have to be turned.
//!
//! Pure: bytes in, bytes out. It depends on no other part of this crate. Everything here takes
//! a core for up to seconds and memory for all the pixels: callers keep it off the async
//! threads, and count how many they let run at once.

mod colours;
mod decode;
mod encode;
mod error;
mod format;
mod libjpeg;
mod memory;
mod metadata;
mod prepare;
mod rendition;
mod turn;

pub use error::ImagingError;
pub use format::Format;
pub use memory::Memory;
pub use prepare::{Prepared, prepare};
pub use rendition::render;
