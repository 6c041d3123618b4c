//! Which process runs which job.

use async_trait::async_trait;
use uuid::Uuid;

use crate::business::{Fault, LeaseStore, Timestamp};
use crate::database::error::readable;
use crate::database::table::{EXPIRES_AT, Expression, number, text};
use crate::database::{Database, keys};

#[async_trait]
impl LeaseStore for Database {
    async fn acquire_lease(&self, job: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool, Fault> {
        let acquire = Expression::update("SET holder = :holder, #expires_at = :until")
            .and_condition(
                "attribute_not_exists(pk) OR #expires_at <= :now OR #expires_at > :at_most OR holder = :holder",
            )
            .name("#expires_at", EXPIRES_AT)
            .value(":holder", text(holder))
            .value(":now", number(now.unix_seconds()))
            // Which nobody asks for: it is damaged, or of a clock that was wrong.
            .value(":at_most", number(2 * until.unix_seconds() - now.unix_seconds()))
            .value(":until", number(until.unix_seconds()));
        let key = keys::lease(job);
        match readable("the lease of a job", self.table.prepare(&key, acquire).await)? {
            Some(lease) => Ok(lease.is_some()),
            // The next time it is made anew.
            None => self.table.delete(&key).await.map(|()| false),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_lease_is_anothers_until_it_ends_and_no_longer_than_leases_last() {
        let database = Database::embedded(None).await.unwrap();
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let now = Timestamp::from_unix_seconds(1_000);
        let acquire = |holder, now: Timestamp| database.acquire_lease("mail", holder, now, now.plus_seconds(30));
        assert!(acquire(one, now).await.unwrap());
        assert!(acquire(one, now).await.unwrap());
        assert!(!acquire(other, now.plus_seconds(29)).await.unwrap());
        assert!(acquire(other, now.plus_seconds(30)).await.unwrap());
        // As if the clock had been wrong, or the item were damaged.
        let far = json!({"holder": one.to_string(), EXPIRES_AT: 1_000_000_000_u64});
        database.table.put(&keys::lease("mail"), &far).await.unwrap();
        assert!(acquire(other, now).await.unwrap());
    }
}
