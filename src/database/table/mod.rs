//! The table, and the requests that everything is built from. All reads are strongly
//! consistent: whoever wrote something sees it. A write ends in one of three ways: it was
//! made, it was surely not made, or nobody can tell ([`Fault::Unknown`]); the last only after
//! it was looked for in vain ([`attempts`], [`write_id`]).

mod attempts;
mod change;
mod checksum;
mod client;
mod consumed_capacity;
mod damage;
mod embedded;
#[cfg(test)]
mod faulty;
mod file;
mod item;
mod queries;
mod requests;
mod schema;
mod transaction;
mod write_id;

pub(super) use attempts::backoff;
pub(super) use change::Change;
pub use client::TableConfig;
pub use consumed_capacity::{ConsumedCapacity, measure};
pub(super) use embedded::FILE as DATABASE_FILE;
#[cfg(test)]
pub(super) use faulty::Fault;
pub use file::Recovery;
pub(super) use file::recover;
pub(super) use item::{Expression, Item, from_item, key_attribute, number, text, to_item};
pub(super) use requests::Table;
pub use schema::Schema;
pub(super) use schema::{EXPIRES_AT, create, warm_up};
pub(super) use transaction::{Transaction, TransactionOutcome};
