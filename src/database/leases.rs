//! Which process runs which job.

use async_trait::async_trait;
use uuid::Uuid;

use super::table::{EXPIRES_AT, Expression, number, text};
use super::{Database, keys};
use crate::business::{Fault, LeaseStore, Timestamp};

#[async_trait]
impl LeaseStore for Database {
    async fn acquire_lease(&self, job: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
        let acquire = Expression::update("SET holder = :holder, #expires_at = :until")
            .and_condition("attribute_not_exists(pk) OR #expires_at <= :now OR holder = :holder")
            .name("#expires_at", EXPIRES_AT)
            .value(":holder", text(holder))
            .value(":now", number(now.unix_seconds()))
            .value(":until", number(until.unix_seconds()));
        Ok(self.table.prepare(&keys::lease(job), acquire).await?.is_some())
    }

    async fn release_lease(&self, job: &str, holder: Uuid, now: Timestamp) -> Result<(), Fault> {
        let release = Expression::update("SET #expires_at = :now")
            .and_condition("holder = :holder")
            .name("#expires_at", EXPIRES_AT)
            .value(":holder", text(holder))
            .value(":now", number(now.unix_seconds()));
        self.table.prepare(&keys::lease(job), release).await.map(drop)
    }
}
