//! Whether what is read with eventual consistency has arrived everywhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a change may take to arrive everywhere, with much to spare.
const SETTLES_IN: Duration = Duration::from_secs(10);

/// What of this process's changes may not have arrived where it is read with eventual consistency.
#[derive(Default)]
pub(in crate::database) struct Settling(Mutex<Option<Instant>>);

impl Settling {
    /// Something was changed that others read with eventual consistency.
    pub(in crate::database) fn begin(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether everything has arrived.
    pub(in crate::database) fn is_over(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() > SETTLES_IN)
    }
}
