//! What the rules decide, kept in one DynamoDB table.
//!
//! [`Database`] implements the store traits of [`crate::business`], a file per
//! resource. Everything goes through `aws-sdk-dynamodb`; which engine answers is
//! decided once, when the client is built: AWS or any DynamoDB-compatible
//! endpoint ([`Database::connect`]), or the embedded engine in this process
//! ([`Database::embedded`]). `docs/data-model.md` lists the items, every access
//! pattern and what it costs.
//!
//! To add an access pattern: give its key a name in `keys.rs`, build it from the
//! requests in `table/`, and write its row in the document.

mod accounts;
mod articles;
mod changes;
pub mod content;
mod counters;
mod error;
mod idempotency;
mod images;
mod integrity;
mod jobs;
mod keys;
mod limits;
mod lists;
mod projects;
mod table;

use std::path::Path;

use async_trait::async_trait;
use tokio::sync::Mutex;

pub use error::OpenError;
pub use integrity::{Inspection, RecordCounts};
pub use table::{ConsumedCapacity, Recovery, Schema, TableConfig, measure};

use crate::business::{Fault, Probe};
use articles::Settling;
use integrity::identity::{Counts, Folder};
use table::{DATABASE_FILE, Table};

/// The store behind the rules.
pub struct Database {
    table: Table,
    /// Held while this process changes an article: changes have an order, so two at
    /// once could only make each other try again.
    changing: Mutex<()>,
    settling: Settling,
    /// How much there was at least, as the folder of the embedded engine has it, for a repair.
    recorded: Counts,
}

impl Database {
    /// A store on AWS or any DynamoDB-compatible endpoint. Nothing is sent yet.
    #[must_use]
    pub fn connect(connection: &TableConfig) -> Self {
        Self::over(Table::connect(connection))
    }

    /// A store on the embedded engine, in a file in `folder` or, without one, in
    /// memory only. The folder, the file and the table are made when missing.
    ///
    /// # Errors
    /// [`OpenError`] when the folder cannot be used, another process uses it, or its files are
    /// not those that were there before.
    pub async fn embedded(folder: Option<&Path>) -> Result<Self, OpenError> {
        let files = folder.map(|folder| Folder::read(folder, DATABASE_FILE)).transpose()?;
        let database = Self::over(Table::open(folder)?);
        table::create(&database.table).await?;
        database.begin().await?;
        if let Some(files) = files {
            files.identify(&database.table).await?;
        }
        Ok(database)
    }

    /// A store on the embedded engine that is to be [repaired](Self::repair), and what was done to open
    /// it. Its file is made again if it is damaged itself, and may have less than was there before; what it
    /// was is kept beside it.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be used, another process uses it, it cannot be read through, or it is
    /// that of another store.
    pub async fn for_repair(folder: &Path) -> Result<(Self, Recovery), OpenError> {
        let files = Folder::read(folder, DATABASE_FILE)?;
        let recovery = table::recover(folder).await?;
        let mut database = Self::over(Table::open(Some(folder)).map_err(OpenError::after_repair)?);
        table::create(&database.table).await?;
        database.refuse_unreleased().await?;
        database.recorded = files.identify_for_repair(&database.table).await?;
        Ok((database, recovery))
    }

    /// Whether there is a store in `folder`, or something is left of one.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        Folder::read(folder, DATABASE_FILE).map_or(true, |read| read.is_used())
    }

    fn over(table: Table) -> Self {
        Self { table, changing: Mutex::new(()), settling: Settling::default(), recorded: Counts::default() }
    }

    /// Makes the table with everything that belongs to it, as far as it is not
    /// there yet, and begins a store in it.
    ///
    /// # Errors
    /// [`OpenError`] when the engine refuses, or there is a store of another format.
    pub async fn create_table(&self) -> Result<Schema, OpenError> {
        let schema = table::create(&self.table).await?;
        self.begin().await?;
        Ok(schema)
    }

    /// Sends a first request, so that the connection stands before the first
    /// visitor comes, and a missing table or another format is found at the start.
    ///
    /// # Errors
    /// [`OpenError::NoTable`], [`OpenError::NotBegun`], [`OpenError::Format`], or
    /// [`OpenError::Fault`] when nothing answers.
    pub async fn warm_up(&self) -> Result<(), OpenError> {
        table::warm_up(&self.table).await?;
        self.require_format().await
    }
}

#[async_trait]
impl Probe for Database {
    async fn probe(&self) -> Result<(), Fault> {
        self.table.find(&keys::format()).await.map(drop)
    }
}
