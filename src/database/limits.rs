//! Limits counted in the table, for processes that come and go. A period begins at the same
//! moment for everybody, so that one request both counts and decides.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::table::{EXPIRES_AT, Expression, number, text};
use super::{Database, keys};
use crate::business::{Attempts, Fault, Limit, LimitStore, Rate, Timestamp};

#[derive(Deserialize)]
struct AttemptsItem {
    failures: u32,
    paused_until: String,
    known: bool,
    expires_at: i64,
}

impl TryFrom<AttemptsItem> for Attempts {
    type Error = Fault;

    fn try_from(item: AttemptsItem) -> Result<Self, Fault> {
        Ok(Self {
            failures: item.failures,
            paused_until: item.paused_until.parse().map_err(Fault::failed)?,
            known: item.known,
            expires_at: Timestamp::from_unix_seconds(item.expires_at),
        })
    }
}

#[async_trait]
impl LimitStore for Database {
    async fn take(
        &self,
        limit: Limit,
        rate: Rate,
        key: &str,
        amount: u64,
        now: Timestamp,
    ) -> Result<Option<u32>, Fault> {
        let seconds = i64::try_from(rate.period.as_secs()).map_err(Fault::failed)?.max(1);
        let period = now.unix_seconds() / seconds;
        let end = (period + 1) * seconds;
        let wait = u32::try_from(end - now.unix_seconds()).map_err(Fault::failed)?;
        let Some(room) = rate.count.get().checked_sub(amount) else { return Ok(Some(wait)) };
        let count = Expression::update("ADD taken :amount SET #expires_at = :end")
            .and_condition("attribute_not_exists(taken) OR taken <= :room")
            .name("#expires_at", EXPIRES_AT)
            .value(":amount", number(amount))
            .value(":room", number(room))
            .value(":end", number(end));
        let taken = self.table.prepare(&keys::limit(limit, key, period), count).await?;
        Ok(if taken.is_some() { None } else { Some(wait) })
    }

    async fn attempts(&self, key: &str, now: Timestamp) -> Result<Option<Attempts>, Fault> {
        let item: Option<AttemptsItem> = self.table.get(&keys::attempts(key)).await?;
        item.filter(|item| item.expires_at > now.unix_seconds()).map(Attempts::try_from).transpose()
    }

    async fn replace_attempts(
        &self,
        key: &str,
        old: Option<&Attempts>,
        new: &Attempts,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let replace =
            Expression::update("SET failures = :failures, paused_until = :pause, known = :known, #expires_at = :end")
                .name("#expires_at", EXPIRES_AT)
                .value(":failures", number(new.failures))
                .value(":pause", text(new.paused_until.to_string()))
                .value(":known", AttributeValue::Bool(new.known))
                .value(":end", number(new.expires_at.unix_seconds()));
        let replace = match old {
            None => replace
                .and_condition("attribute_not_exists(pk) OR #expires_at <= :now")
                .value(":now", number(now.unix_seconds())),
            Some(old) => replace
                .and_condition("failures = :old_failures AND paused_until = :old_pause")
                .value(":old_failures", number(old.failures))
                .value(":old_pause", text(old.paused_until.to_string())),
        };
        let replaced = self.table.prepare(&keys::attempts(key), replace).await?;
        Ok(replaced.is_some())
    }
}
