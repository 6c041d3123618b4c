//! How fast the bodies of requests come in on a connection.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The fewest bytes in a second that a client sends who does not keep others waiting.
const BYTES_PER_SECOND: u64 = 64 << 10;

/// The bodies that are coming. Times are in milliseconds since the server started.
#[derive(Default)]
pub(super) struct Bodies {
    /// How many there are.
    coming: AtomicU32,
    /// Since when there are any.
    since: AtomicU64,
    /// How many bytes have come since then.
    bytes: AtomicU64,
}

impl Bodies {
    pub(super) fn begin(&self, now: u64) {
        if self.coming.fetch_add(1, Relaxed) == 0 {
            self.since.store(now, Relaxed);
            self.bytes.store(0, Relaxed);
        }
    }

    /// So many bytes more have come.
    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn end(&self) {
        self.coming.fetch_sub(1, Relaxed);
    }

    /// Whether they have been coming for `long` or longer, and slowly.
    pub(super) fn are_slow(&self, now: u64, long: u64) -> bool {
        let milliseconds = now.saturating_sub(self.since.load(Relaxed));
        let slow = self.bytes.load(Relaxed) * 1_000 < BYTES_PER_SECOND * milliseconds;
        self.coming.load(Relaxed) > 0 && milliseconds >= long && slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_slow_that_come_for_long_with_few_bytes() {
        let bodies = Bodies::default();
        bodies.begin(1_000);
        assert!(!bodies.are_slow(10_999, 10_000) && bodies.are_slow(11_000, 10_000));
        bodies.add(640 << 10);
        assert!(!bodies.are_slow(11_000, 10_000) && bodies.are_slow(12_000, 10_000));
        bodies.end();
        assert!(!bodies.are_slow(12_000, 10_000));
    }
}
