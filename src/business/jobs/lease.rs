use async_trait::async_trait;
use uuid::Uuid;

use crate::business::{Fault, Timestamp};

/// What jobs need from storage, so that one process at a time does each.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// Gives `holder` the lease of a job until a time, or longer if they have it. False if it
    /// is somebody else's at `now`.
    async fn acquire_lease(&self, job: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault>;

    /// Gives the lease back, if `holder` has it.
    async fn release_lease(&self, job: &str, holder: Uuid, now: Timestamp) -> Result<(), Fault>;
}
