//! The memory that work on an image may take.

use super::error::ImagingError;

/// What an image may take to decode, as its header says, and who is told before it does.
pub struct Memory<'m> {
    /// The most bytes that there ever are.
    pub max: u64,
    /// Whether there are so many bytes now.
    pub reserve: &'m dyn Fn(u64) -> bool,
}

impl Memory<'_> {
    /// Takes so many bytes, in all.
    pub(super) fn take(&self, bytes: u64) -> Result<(), ImagingError> {
        match () {
            () if bytes > self.max => Err(ImagingError::TooManyPixels),
            () if !(self.reserve)(bytes) => Err(ImagingError::NoMemory),
            () => Ok(()),
        }
    }
}
