use std::fmt;
use std::path::Path;

use crate::business::Fault;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the file in it cannot be used.
    #[error("cannot open the store in {path}: {reason}")]
    Unusable {
        /// The folder.
        path: String,
        /// What the system or the engine says.
        reason: String,
    },
    /// The file in the folder is damaged.
    #[error("cannot open the store in {path}: {reason}: run `talelio-backend check --repair`, or put back a backup")]
    Damaged {
        /// The folder.
        path: String,
        /// What the engine says.
        reason: String,
    },
    /// The server does not make tables on an engine that is not its own.
    #[error("there is no table {0}: make it with `talelio-backend create-table`")]
    NoTable(String),
    /// There is a table, and nothing in it.
    #[error("there is nothing in table {0}: prepare it with `talelio-backend create-table`")]
    NotBegun(String),
    /// The store is in a format that this program cannot read.
    #[error("the store {0}")]
    Format(String),
    /// The table cannot be read or made.
    #[error("the table cannot be used")]
    Fault(#[from] Fault),
}

impl OpenError {
    pub(super) fn unusable(folder: &Path, reason: &dyn fmt::Display) -> Self {
        Self::Unusable { path: folder.display().to_string(), reason: reason.to_string() }
    }

    /// The same for who has tried to mend it.
    pub(super) fn after_repair(self) -> Self {
        match self {
            Self::Damaged { path, reason } => Self::Unusable { path, reason: format!("{reason}: put back a backup") },
            other => other,
        }
    }
}

/// What was read, or none if it cannot be, which is logged: it is left out of its page, so that
/// the rest of that can be read.
pub(super) fn readable<T>(what: &str, read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Fault::Failed(error)) => {
            tracing::error!(what, error = &*error as &dyn std::error::Error, "left out, as it cannot be read");
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}
