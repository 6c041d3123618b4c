//! The log of everything that readers could see change: what others follow to know what is new.

use serde::{Deserialize, Serialize};

use super::counters::Counter;
use super::keys;
use super::table::{Item, Transaction, from_item};
use crate::business::{Fault, Timestamp};

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeKind {
    ArticlePublished,
    ArticleUpdated,
    ArticleRemoved,
    TagRenamed,
    SeriesUpdated,
    UserUpdated,
    ProjectPublished,
    ProjectUpdated,
    ProjectRemoved,
    ProjectsOrdered,
    /// The store was mended: anything may be another.
    Repaired,
}

/// An entry of the log.
#[derive(Serialize, Deserialize)]
pub(super) struct ChangeItem {
    kind: ChangeKind,
    /// The number of what changed.
    id: u64,
    /// Which version of it this is.
    version: u64,
    changed_at: String,
}

impl ChangeItem {
    pub(super) fn new(kind: ChangeKind, id: u64, version: u64, changed_at: Timestamp) -> Self {
        Self { kind, id, version, changed_at: changed_at.to_string() }
    }
}

/// Appends a change in the transaction that makes it. `counter` is the number of the last one, as it
/// was read.
pub(super) fn append(transaction: &mut Transaction<'_>, counter: &Item, change: &ChangeItem) -> Result<(), Fault> {
    let last = from_item::<Counter>(counter.clone())?.last + 1;
    transaction.replace(&keys::change_counter(), &Counter { last }, counter)?;
    transaction.create(&keys::change(last), change).map(drop)
}
