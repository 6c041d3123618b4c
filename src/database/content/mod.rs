//! What authors write and what it was rendered to, as it is stored.

mod packing;
mod rendering;
mod texts;

pub use packing::{Packed, pack, unpack};
pub(super) use packing::{pack_off_thread, reserve, unpack_reserving};
pub(super) use texts::ContentAddress;
