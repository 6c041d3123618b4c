//! The capacity units that the requests of one task consume, as DynamoDB itself reports them.

use std::cell::Cell;

use aws_sdk_dynamodb::types::{self, ReturnConsumedCapacity};

/// Requests to DynamoDB and the capacity units they consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumedCapacity {
    /// Requests sent, those that failed included.
    pub requests: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

tokio::task_local! {
    static CONSUMED: Cell<ConsumedCapacity>;
}

/// Runs `work` and adds up what it consumes. Without this, no request asks for
/// that. Only what the same task does is counted.
pub async fn measure<T>(work: impl Future<Output = T>) -> (T, ConsumedCapacity) {
    CONSUMED.scope(Cell::default(), async { (work.await, CONSUMED.with(Cell::get)) }).await
}

/// Whether to ask DynamoDB what a request consumes.
pub(super) fn return_consumed_capacity() -> Option<ReturnConsumedCapacity> {
    CONSUMED.try_with(|_| ReturnConsumedCapacity::Total).ok()
}

pub(super) fn record_read<'c>(capacity: impl IntoIterator<Item = &'c types::ConsumedCapacity>) {
    let units = units(capacity);
    add(|consumed| consumed.read_units += units);
}

pub(super) fn record_written<'c>(capacity: impl IntoIterator<Item = &'c types::ConsumedCapacity>) {
    let units = units(capacity);
    add(|consumed| consumed.write_units += units);
}

/// A request that came back with an error, which does not say what it consumed.
pub(super) fn record_failed() {
    add(|_| {});
}

fn units<'c>(capacity: impl IntoIterator<Item = &'c types::ConsumedCapacity>) -> f64 {
    capacity.into_iter().filter_map(types::ConsumedCapacity::capacity_units).sum()
}

fn add(count: impl FnOnce(&mut ConsumedCapacity)) {
    // Nothing is counted outside of `measure`.
    let _ = CONSUMED.try_with(|cell| {
        let mut consumed = cell.get();
        consumed.requests += 1;
        count(&mut consumed);
        cell.set(consumed);
    });
}
