//! The job that records how much there is in a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::identity;
use crate::business::{Fault, Job, JobReport};
use crate::database::Database;

/// Records now and then how much there is.
pub struct RecordCounts {
    database: Arc<Database>,
    folder: PathBuf,
}

impl RecordCounts {
    /// Records that of the store in `folder`.
    #[must_use]
    pub fn new(database: Arc<Database>, folder: PathBuf) -> Self {
        Self { database, folder }
    }
}

#[async_trait]
impl Job for RecordCounts {
    fn name(&self) -> &'static str {
        "record_counts"
    }

    fn period(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn runs_at_exit(&self) -> bool {
        true
    }

    async fn is_due(&self) -> Result<bool, Fault> {
        Ok(identity::outdated(&self.folder, &self.database.table).await?.is_some())
    }

    async fn run(&self) -> Result<JobReport, Fault> {
        let Some(record) = identity::outdated(&self.folder, &self.database.table).await? else {
            return Ok(JobReport::default());
        };
        identity::write(&self.folder, &record).map_err(Fault::failed)?;
        Ok(JobReport { done: 1, ..JobReport::default() })
    }
}
