use std::num::NonZeroU64;
use std::sync::Arc;

use super::limit::{Limit, Subject};
use super::rate::Rate;
use super::store::LimitStore;
use crate::business::{Clock, Fault};

/// Why a limit did not let something pass.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    /// Too many or too much of what `limit` names.
    #[error("Too many requests, try again in {seconds} second{}", if *seconds == 1 { "" } else { "s" })]
    Exceeded {
        /// Which limit it is, for the log.
        limit: &'static str,
        /// After how many seconds there may be room again.
        seconds: u32,
    },
    /// Storage failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the operator decides about limits.
#[derive(Clone, Debug)]
pub struct Rates {
    rates: [Rate; Limit::ALL.len()],
    /// The longest pause after wrong passwords, in seconds.
    longest_pause: u32,
}

impl Rates {
    /// What `rate` says of each limit, and the longest pause after wrong passwords, in seconds.
    #[must_use]
    pub fn new(rate: impl FnMut(Limit) -> Rate, longest_pause: u32) -> Self {
        Self { rates: Limit::ALL.map(rate), longest_pause }
    }
}

/// How many times as much as a network everybody in its site may have together.
const SITE: u64 = 8;

/// The same, as rates are counted.
const SHARES: NonZeroU64 = NonZeroU64::new(SITE).expect("8 is not 0");

/// The limits, and where they are counted.
pub struct Limits {
    pub(super) store: Arc<dyn LimitStore>,
    pub(super) clock: Arc<dyn Clock>,
    rates: Rates,
}

impl Limits {
    /// `rates`, counted in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn LimitStore>, clock: Arc<dyn Clock>, rates: Rates) -> Self {
        Self { store, clock, rates }
    }

    /// Counts one more of what is limited.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`] when it is one too many.
    pub async fn take(&self, limit: Limit, subject: Subject<'_>) -> Result<(), LimitError> {
        self.take_many(limit, subject, 1).await
    }

    /// Counts `amount` more of what is limited.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`] when that is too much.
    pub async fn take_many(&self, limit: Limit, subject: Subject<'_>, amount: u64) -> Result<(), LimitError> {
        self.take_shares(limit, subject, amount.saturating_mul(SITE)).await?;
        match subject {
            Subject::Network(network) => match network.site() {
                Some(site) => self.take_shares(limit, Subject::Site(site), amount).await,
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Everything is counted in shares, so that a site has as many as [`SITE`] networks.
    async fn take_shares(&self, limit: Limit, subject: Subject<'_>, shares: u64) -> Result<(), LimitError> {
        let (rate, now) = (self.rates.rates[limit as usize], self.clock.now());
        let rate = Rate { count: rate.count.saturating_mul(SHARES), ..rate };
        match self.store.take(limit, rate, &subject.to_string(), shares, now).await? {
            None => Ok(()),
            Some(seconds) => Err(LimitError::Exceeded { limit: limit.name(), seconds: seconds.max(1) }),
        }
    }

    pub(super) fn longest_pause(&self) -> u32 {
        self.rates.longest_pause
    }
}
