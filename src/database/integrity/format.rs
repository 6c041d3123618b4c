//! Which format a store is in. Whoever meets one that it does not know leaves it alone.

use serde::{Deserialize, Serialize};

use crate::business::Fault;
use crate::database::Database;
use crate::database::counters::Counter;
use crate::database::error::OpenError;
use crate::database::keys::{self, ListName};
use crate::database::lists::first_node;
use crate::database::table::{Expression, Transaction, TransactionOutcome, number};

/// The format that this program writes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct FormatItem {
    format: u32,
}

impl Database {
    /// Begins a store in an empty table. One that is there has to be of this format.
    pub(in crate::database) async fn begin(&self) -> Result<(), OpenError> {
        match self.require_format().await {
            Err(OpenError::NotBegun(_)) => {}
            begun => return begun,
        }
        if !self.table.scan(None, None).await?.0.is_empty() {
            self.refuse_unreleased().await?;
            let reason = "has no format, though there is something in it: run `talelio-backend check --repair` if this \
                          one is damaged";
            return Err(OpenError::Format(reason.to_owned()));
        }
        self.begin_counters().await?;
        let mut beginning = Transaction::new(&self.table);
        beginning.create(&keys::format(), &FormatItem { format: FORMAT })?;
        beginning.create(&keys::article_counter(), &Counter { last: 0 })?;
        beginning.create(&keys::change_counter(), &Counter { last: 0 })?;
        beginning.create(&keys::list_root(&ListName::Site), &first_node())?;
        match beginning.commit().await? {
            TransactionOutcome::Committed => Ok(()),
            // Another process has begun it.
            TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => self.require_format().await,
        }
    }

    /// The numbers that are counted on, so that they have no checksum.
    pub(super) async fn begin_counters(&self) -> Result<(), Fault> {
        for counter in [keys::account_counter(), keys::project_counter()] {
            let begin = Expression::update("SET #last = if_not_exists(#last, :zero)").name("#last", "last");
            self.table.prepare(&counter, begin.value(":zero", number(0))).await?;
        }
        Ok(())
    }

    /// Refuses a store of a format that this program does not know.
    pub(in crate::database) async fn require_format(&self) -> Result<(), OpenError> {
        let item: Option<FormatItem> = self.table.get(&keys::format()).await?;
        match item.map(|item| item.format) {
            Some(FORMAT) => Ok(()),
            Some(newer) if newer > FORMAT => Err(OpenError::Format(format!(
                "is in format {newer}, and this program knows no later one than {FORMAT}"
            ))),
            Some(older) => Err(OpenError::Format(format!("is in format {older}: run `talelio-backend upgrade`"))),
            None => Err(OpenError::NotBegun(self.table.name().to_owned())),
        }
    }

    /// Refuses a store from before there were formats.
    pub(in crate::database) async fn refuse_unreleased(&self) -> Result<(), OpenError> {
        if self.table.find(&keys::unreleased()).await?.is_none() {
            return Ok(());
        }
        let reason = "was made before the first release, in a format that is not read any more: begin with another one";
        Err(OpenError::Format(reason.to_owned()))
    }

    /// Writes the format that a damaged store is in.
    pub(super) async fn write_format(&self) -> Result<(), Fault> {
        self.table.put(&keys::format(), &FormatItem { format: FORMAT }).await
    }
}
