//! Numbers that are given out once.

use serde::{Deserialize, Serialize};

use super::Database;
use super::keys::Key;
use super::table::{Expression, from_item, number};
use crate::business::Fault;

/// The last number that was given out.
#[derive(Serialize, Deserialize)]
pub(super) struct Counter {
    pub(super) last: u64,
}

impl Database {
    /// The next number of a counter. One that ends up unused stays so.
    pub(super) async fn next_number(&self, counter: &Key) -> Result<u64, Fault> {
        let count = Expression::update("ADD #last :one").and_condition("attribute_exists(pk)");
        let count = count.name("#last", "last").value(":one", number(1));
        let missing = || Fault::failed(format!("the last number of {} is not there: run `check --repair`", counter.sk));
        let item = self.table.prepare(counter, count).await?.ok_or_else(missing)?;
        from_item(item).map(|Counter { last }| last)
    }
}
