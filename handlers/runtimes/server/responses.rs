//! How fast the client of a connection takes its responses.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a client may take none of a response before it is one that others wait for.
const NO_PROGRESS: u64 = 2_000;

/// How long a client may take for all of its responses before it is one that others wait for.
const SLOW: u64 = 20_000;

/// How many bytes that a connection holds are no matter to others.
pub(super) const LITTLE: u64 = 32 << 10;

/// The responses that are on their way. Times are in milliseconds, times of day in those since
/// the server started.
#[derive(Default)]
pub(super) struct Responses(Mutex<OnTheirWay>);

#[derive(Default)]
struct OnTheirWay {
    next: u64,
    /// A few, with their numbers.
    responses: Vec<(u64, Response)>,
    /// Since when there are any.
    since: u64,
    /// How many bytes the connection had written before that.
    written_before: u64,
}

struct Response {
    /// How many bytes it holds: those that are not written yet, and its request.
    bytes: u64,
    /// When some last were, if that can be told from what other responses are sent.
    progressed: Option<u64>,
}

impl Responses {
    /// A response that holds so many bytes begins on a connection that has `written` so many before.
    /// Whether it makes progress is told if it `is_one_of_many`. Returns its number.
    pub(super) fn begin(&self, now: u64, written: u64, bytes: u64, is_one_of_many: bool) -> u64 {
        let mut on_their_way = self.lock();
        if on_their_way.responses.is_empty() {
            (on_their_way.since, on_their_way.written_before) = (now, written);
        }
        let number = on_their_way.next;
        on_their_way.next += 1;
        on_their_way.responses.push((number, Response { bytes, progressed: is_one_of_many.then_some(now) }));
        number
    }

    /// So many bytes of a response have been written.
    pub(super) fn progress(&self, number: u64, now: u64, bytes: usize) {
        let responses = &mut self.lock().responses;
        if let Some((_, response)) = responses.iter_mut().find(|(other, _)| *other == number) {
            response.bytes = response.bytes.saturating_sub(bytes as u64);
            response.progressed = response.progressed.map(|_| now);
        }
    }

    pub(super) fn end(&self, number: u64) {
        self.lock().responses.retain(|(other, _)| *other != number);
    }

    /// Whether one has made no progress for so long.
    pub(super) fn has_stalled(&self, now: u64, patience: u64) -> bool {
        self.lock().has_stalled(now, patience)
    }

    /// Whether the client takes much so slowly that others should not wait for it. The connection
    /// has `written` so many bytes.
    pub(super) fn are_slow(&self, now: u64, written: u64, is_blocked: bool) -> bool {
        let on_their_way = self.lock();
        let bytes: u64 = on_their_way.responses.iter().map(|(_, response)| response.bytes).sum();
        let milliseconds = now.saturating_sub(on_their_way.since);
        let taken = written.saturating_sub(on_their_way.written_before);
        let slow = is_blocked && milliseconds >= NO_PROGRESS && taken * SLOW < bytes * milliseconds;
        bytes > LITTLE && (slow || on_their_way.has_stalled(now, NO_PROGRESS))
    }

    fn lock(&self) -> MutexGuard<'_, OnTheirWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OnTheirWay {
    fn has_stalled(&self, now: u64, patience: u64) -> bool {
        let mut progressed = self.responses.iter().filter_map(|(_, response)| response.progressed);
        progressed.any(|progressed| progressed + patience < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: u64 = 1 << 20;

    #[test]
    fn a_client_is_slow_that_would_take_longer_than_it_may() {
        let responses = Responses::default();
        let number = responses.begin(1_000, 500, MEBIBYTE, false);
        assert!(!responses.are_slow(2_999, 500, true), "it has just begun");
        assert!(responses.are_slow(3_000, 500, true) && !responses.are_slow(3_000, 500, false));
        // As fast as it takes to be done in 20 seconds.
        let written = 500 + MEBIBYTE / 4;
        assert!(!responses.are_slow(6_000, written, true) && responses.are_slow(6_001, written, true));
        responses.end(number);
        assert!(!responses.are_slow(60_000, written, true));
        // Nor is it for what went before.
        responses.begin(60_000, written, MEBIBYTE, false);
        assert!(!responses.are_slow(61_000, written, true));
    }

    #[test]
    fn whoever_takes_nothing_of_one_response_is_slow_whatever_it_takes_of_others() {
        let responses = Responses::default();
        let first = responses.begin(0, 0, MEBIBYTE, true);
        let second = responses.begin(0, 0, MEBIBYTE, true);
        responses.progress(first, 3_000, 16 << 10);
        assert!(responses.are_slow(3_000, 100 * MEBIBYTE, false));
        responses.progress(second, 3_000, 16 << 10);
        assert!(!responses.are_slow(5_000, 100 * MEBIBYTE, false) && responses.has_stalled(5_001, 2_000));
    }

    #[test]
    fn little_is_no_matter() {
        let responses = Responses::default();
        responses.begin(0, 0, LITTLE, true);
        assert!(!responses.are_slow(60_000, 0, true) && responses.has_stalled(60_000, 30_000));
    }
}
