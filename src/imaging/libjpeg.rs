//! The C library that reads and writes JPEG (`MozJPEG`). It says what went wrong by unwinding.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Ends the unwinding of `work`, which says why in a string, in an error. What it was at is
/// dropped half done.
pub(super) fn caught<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|reason| {
        let reason = reason.downcast().map_or_else(|_| "libjpeg failed".to_owned(), |reason: Box<String>| *reason);
        Err(io::Error::other(reason))
    })
}
