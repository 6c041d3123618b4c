//! What limits need from storage.

use async_trait::async_trait;

use super::limit::Limit;
use super::rate::Rate;
use crate::business::{Fault, Timestamp};

/// The failed attempts to log into an account from one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// How many in a row.
    pub failures: u32,
    /// When the next may be made.
    pub paused_until: Timestamp,
    /// Whether somebody logged in from there before.
    pub known: bool,
    /// When all this is forgotten.
    pub expires_at: Timestamp,
}

/// Where limits are counted. `key` says whose limit it is.
#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Takes `amount` of what `rate` allows. When it is not there, nothing is taken, and the
    /// answer is after how many seconds it may be.
    async fn take(
        &self,
        limit: Limit,
        rate: Rate,
        key: &str,
        amount: u64,
        now: Timestamp,
    ) -> Result<Option<u32>, Fault>;

    /// What is remembered of attempts to log in, unless it has expired by `now`.
    async fn attempts(&self, key: &str, now: Timestamp) -> Result<Option<Attempts>, Fault>;

    /// Remembers `new` in the place of `old`. False when it is `old` no longer.
    async fn replace_attempts(
        &self,
        key: &str,
        old: Option<&Attempts>,
        new: &Attempts,
        now: Timestamp,
    ) -> Result<bool, Fault>;
}
