//! The job that removes for good what was in the bin for too long.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::article::BIN_SECONDS;
use crate::business::{Clock, Fault, Job, JobReport, Timestamp};

/// How many articles are removed at once.
const BATCH: u32 = 20;

/// What emptying the bin needs from storage.
#[async_trait]
pub trait BinStore: Send + Sync {
    /// The numbers of articles that were deleted by a time, the earliest first, so many at most.
    async fn deleted_by(&self, time: Timestamp, limit: u32) -> Result<Vec<u64>, Fault>;

    /// Removes everything of an article, if it is deleted and was by a time, and says whether it was.
    /// Its slugs are free again.
    async fn remove_article(&self, id: u64, deleted_by: Timestamp) -> Result<bool, Fault>;
}

/// Removes for good what was in the bin [for too long](BIN_SECONDS).
pub struct EmptyBin {
    store: Arc<dyn BinStore>,
    clock: Arc<dyn Clock>,
}

impl EmptyBin {
    /// The job over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn BinStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// What was deleted by then is gone.
    fn deadline(&self) -> Timestamp {
        self.clock.now().minus_seconds(BIN_SECONDS)
    }
}

#[async_trait]
impl Job for EmptyBin {
    fn name(&self) -> &'static str {
        "empty_bin"
    }

    fn period(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn is_due(&self) -> Result<bool, Fault> {
        Ok(!self.store.deleted_by(self.deadline(), 1).await?.is_empty())
    }

    async fn run(&self) -> Result<JobReport, Fault> {
        let deadline = self.deadline();
        let ids = self.store.deleted_by(deadline, BATCH).await?;
        let mut report = JobReport::default();
        for id in &ids {
            match self.store.remove_article(*id, deadline).await {
                Ok(removed) => report.done += u64::from(removed),
                Err(Fault::Failed(error)) => {
                    // Those after it have their turn all the same.
                    tracing::error!(id, error = &*error as &dyn std::error::Error, "a deleted article is not removed");
                    report.failed += 1;
                }
                Err(fault) => return Err(fault),
            }
        }
        report.more = report.failed == 0 && ids.len() as u64 == u64::from(BATCH);
        Ok(report)
    }
}
