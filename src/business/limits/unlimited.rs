use async_trait::async_trait;

use super::limit::Limit;
use super::rate::Rate;
use super::store::{Attempts, LimitStore};
use crate::business::{Fault, Timestamp};

/// Counts nothing, and lets everything pass: for tests and benchmarks.
pub struct Unlimited;

#[async_trait]
impl LimitStore for Unlimited {
    async fn take(&self, _: Limit, _: Rate, _: &str, _: u64, _: Timestamp) -> Result<Option<u32>, Fault> {
        Ok(None)
    }

    async fn attempts(&self, _: &str, _: Timestamp) -> Result<Option<Attempts>, Fault> {
        Ok(None)
    }

    async fn replace_attempts(&self, _: &str, _: Option<&Attempts>, _: &Attempts, _: Timestamp) -> Result<bool, Fault> {
        Ok(true)
    }
}
