//! What came of the requests that clients have named.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::table::{EXPIRES_AT, Expression, Transaction, TransactionOutcome, number};
use super::{Database, keys};
use crate::business::{Fault, IDEMPOTENCY_SECONDS, IdempotencyRecord, IdempotencyStore, NamedRequest, Timestamp};

#[derive(Serialize, Deserialize)]
struct RecordItem {
    fingerprint: String,
    outcome: String,
    expires_at: i64,
}

/// Records in a transaction what comes of a request, if that has a name. Returns the number of
/// the action, whose condition fails when it is recorded already.
pub(super) fn record(
    transaction: &mut Transaction<'_>,
    request: Option<&NamedRequest>,
    outcome: &str,
) -> Result<Option<usize>, Fault> {
    let Some(NamedRequest { id, fingerprint, received_at }) = request else { return Ok(None) };
    let item = RecordItem {
        fingerprint: fingerprint.clone(),
        outcome: outcome.to_owned(),
        expires_at: received_at.plus_seconds(IDEMPOTENCY_SECONDS).unix_seconds(),
    };
    let new = Expression::condition("attribute_not_exists(pk) OR #expires_at <= :now")
        .name("#expires_at", EXPIRES_AT)
        .value(":now", number(received_at.unix_seconds()));
    transaction.put_if(&keys::idempotency(id), &item, &new).map(Some)
}

/// Whether a transaction failed because its request was done before: `record` is the number of
/// the action that records it, `failed` are those whose conditions did not hold.
pub(super) fn is_done(record: Option<usize>, failed: &[usize]) -> bool {
    record.is_some_and(|record| failed.contains(&record))
}

#[async_trait]
impl IdempotencyStore for Database {
    async fn record(&self, id: &str, now: Timestamp) -> Result<Option<IdempotencyRecord>, Fault> {
        let item: Option<RecordItem> = self.table.get(&keys::idempotency(id)).await?;
        let item = item.filter(|item| item.expires_at > now.unix_seconds());
        Ok(item.map(|RecordItem { fingerprint, outcome, .. }| IdempotencyRecord { fingerprint, outcome }))
    }

    async fn add_record(&self, request: &NamedRequest, outcome: &str) -> Result<bool, Fault> {
        let mut addition = Transaction::new(&self.table);
        record(&mut addition, Some(request), outcome)?;
        match addition.commit().await? {
            TransactionOutcome::Committed => Ok(true),
            TransactionOutcome::ConditionsFailed(_) => Ok(false),
            TransactionOutcome::Conflict => Err(Fault::busy("the same request twice at once")),
        }
    }
}
