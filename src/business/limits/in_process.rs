//! Limits counted in this process, which is enough where one process serves.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use moka::Entry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::limit::Limit;
use super::rate::Rate;
use super::store::{Attempts, LimitStore};
use crate::business::{Clock, Fault, Timestamp};

/// For how many subjects a limit counts, so that however many come, they take a known amount
/// of memory: it forgets those who have not been there for longest.
const MAX_SUBJECTS: u64 = 1 << 14;

/// For how many accounts attempts to log in are counted: whoever wants
/// one of them to be forgotten has to have so many passwords hashed, which takes long.
const MAX_ACCOUNTS: u64 = 1 << 16;

/// What bytes of images are counted in: a KiB, in shares (see `service`).
const IMAGE_UNIT: u64 = 8 << 10;

/// The time as governor asks for it.
#[derive(Clone)]
struct Time(Arc<dyn Clock>);

impl GovernorClock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().since_epoch()
    }
}

/// What governor counts, by subjects.
struct Subjects(Cache<u64, Nanos>);

impl StateStore for Subjects {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, subject: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut outcome = None;
        self.0.entry(*subject).and_compute_with(|before| match measure(before.map(Entry::into_value)) {
            Ok((taken, after)) => {
                outcome = Some(Ok(taken));
                Op::Put(after)
            }
            Err(error) => {
                outcome = Some(Err(error));
                Op::Nop
            }
        });
        outcome.expect("measured once")
    }
}

/// One limit. Amounts are counted in units, as governor counts to four thousand million.
struct Limiter {
    limiter: RateLimiter<u64, Subjects, Time, NoOpMiddleware<Duration>>,
    unit: u64,
}

impl Limiter {
    fn new(rate: Rate, unit: u64, subjects: u64, clock: Time) -> Self {
        let burst = NonZeroU32::new(units(rate.count.get(), unit)).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period((rate.period / burst.get()).max(Duration::from_nanos(1)));
        let quota = quota.expect("a period that is not zero").allow_burst(burst);
        Self { limiter: RateLimiter::new(quota, Subjects(cache(subjects)), clock), unit }
    }
}

/// What is known of subjects, without those who have not been there for longest.
fn cache<T: Clone + Send + Sync + 'static>(subjects: u64) -> Cache<u64, T> {
    Cache::builder().max_capacity(subjects).eviction_policy(EvictionPolicy::lru()).build()
}

fn units(amount: u64, unit: u64) -> u32 {
    u32::try_from(amount.div_ceil(unit)).unwrap_or(u32::MAX)
}

/// Counts limits in memory.
pub struct InProcessLimits {
    clock: Time,
    hasher: RandomState,
    limiters: [OnceLock<Limiter>; Limit::ALL.len()],
    attempts: Cache<u64, Attempts>,
    /// Those from where somebody has logged in, apart from the others, however many those are.
    known: Cache<u64, Attempts>,
}

impl InProcessLimits {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Time(clock),
            hasher: RandomState::new(),
            limiters: Default::default(),
            attempts: cache(MAX_SUBJECTS),
            known: cache(MAX_SUBJECTS),
        }
    }
}

#[async_trait]
impl LimitStore for InProcessLimits {
    async fn take(&self, limit: Limit, rate: Rate, key: &str, amount: u64, _: Timestamp) -> Result<Option<u32>, Fault> {
        let Limiter { limiter, unit } = self.limiters[limit as usize].get_or_init(|| {
            let unit = if limit == Limit::ImageQuota { IMAGE_UNIT } else { 1 };
            let subjects = if limit == Limit::LoginAttempts { MAX_ACCOUNTS } else { MAX_SUBJECTS };
            Limiter::new(rate, unit, subjects, self.clock.clone())
        });
        let Some(amount) = NonZeroU32::new(units(amount, *unit)) else { return Ok(None) };
        let wait = match limiter.check_key_n(&self.hasher.hash_one(key), amount) {
            Ok(Ok(())) => return Ok(None),
            Ok(Err(until)) => until.wait_time_from(self.clock.now()),
            // More than there ever is at once.
            Err(_) => rate.period,
        };
        Ok(Some(u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)))
    }

    async fn attempts(&self, key: &str, now: Timestamp) -> Result<Option<Attempts>, Fault> {
        let key = self.hasher.hash_one(key);
        let good = |attempts: &Attempts| attempts.expires_at > now;
        Ok(self.known.get(&key).filter(good).or_else(|| self.attempts.get(&key).filter(good)))
    }

    async fn replace_attempts(
        &self,
        key: &str,
        old: Option<&Attempts>,
        new: &Attempts,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let mut replaced = true;
        let key = self.hasher.hash_one(key);
        let attempts = if old.is_some_and(|old| old.known) { &self.known } else { &self.attempts };
        attempts.entry(key).and_compute_with(|entry| {
            let found = entry.map(|entry| *entry.value()).filter(|attempts| attempts.expires_at > now);
            replaced = found.as_ref() == old;
            match replaced {
                true if new.expires_at <= now => Op::Remove,
                true => Op::Put(*new),
                false => Op::Nop,
            }
        });
        if replaced && new.known && !old.is_some_and(|old| old.known) {
            self.known.insert(key, *new);
            self.attempts.invalidate(&key);
        }
        Ok(replaced)
    }
}
