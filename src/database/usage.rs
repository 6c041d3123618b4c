//! What the requests of one task cost, as DynamoDB itself reports it.

use std::cell::Cell;

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// Requests to DynamoDB and the capacity units they consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests sent, those that failed included.
    pub requests: u32,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

tokio::task_local! {
    static USAGE: Cell<Usage>;
}

/// Runs `work` and adds up what it costs. Without this, no request asks for its
/// cost. Only what the same task does is counted.
pub async fn measure<T>(work: impl Future<Output = T>) -> (T, Usage) {
    USAGE.scope(Cell::default(), async { (work.await, USAGE.with(Cell::get)) }).await
}

/// Whether to ask a request for its cost.
pub(super) fn wanted() -> Option<ReturnConsumedCapacity> {
    USAGE.try_with(|_| ReturnConsumedCapacity::Total).ok()
}

pub(super) fn read<'c>(capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
    let units = units(capacity);
    add(|usage| usage.read_units += units);
}

pub(super) fn written<'c>(capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) {
    let units = units(capacity);
    add(|usage| usage.write_units += units);
}

/// A request that came back with an error, which does not say what it cost.
pub(super) fn failed() {
    add(|_| {});
}

fn units<'c>(capacity: impl IntoIterator<Item = &'c ConsumedCapacity>) -> f64 {
    capacity.into_iter().filter_map(ConsumedCapacity::capacity_units).sum()
}

fn add(count: impl FnOnce(&mut Usage)) {
    // Nothing is counted outside of `measure`.
    let _ = USAGE.try_with(|cell| {
        let mut usage = cell.get();
        usage.requests += 1;
        count(&mut usage);
        cell.set(usage);
    });
}
