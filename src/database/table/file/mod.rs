//! The file of the embedded engine, as SQLite itself sees it, past the engine.
//!
//! The checksums of items say nothing of the engine's own keys, nor of the index that finds a row by
//! them: a bit flipped there hides an item. And an item that the engine cannot parse keeps it from
//! answering for those around it. SQLite can read on, so the file can be [made again](recovery::recover)
//! from what its items say of themselves.

mod log;
mod recovery;
mod rows;
mod sqlite;

use std::path::Path;

pub(super) use log::is_damaged as has_damaged_log;
pub use recovery::Recovery;
pub(in crate::database) use recovery::recover;
use rows::{State, each_row};
pub(super) use sqlite::{has_log_of_another, log_files};
use sqlite::{integrity_problems, open};

/// What is wrong with a file, a sentence each, but for items whose own checksum tells it.
pub(super) fn problems(file: &Path, table: &str) -> Result<Vec<String>, rusqlite::Error> {
    let connection = open(file)?;
    let mut problems = integrity_problems(&connection)?;
    let unreadable = each_row(&connection, table, |row| {
        let name = row.name();
        match row.state() {
            State::Whole(_) | State::Damaged(_) if row.has_types => {}
            State::Whole(_) | State::Damaged(_) => problems.push(format!("{name} is not stored as the engine does")),
            State::Elsewhere(key) => problems.push(format!("{} {} is found under {name} only", key.pk, key.sk)),
            State::Renamed(..) => problems.push(format!("the key in {name} is damaged")),
            State::Unparseable(_) => problems.push(format!("{name} cannot be parsed")),
        }
    })?;
    problems.extend(unreadable.told());
    Ok(problems)
}
