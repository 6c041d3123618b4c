//! Attempts to log in: whoever gives wrong passwords waits ever longer before they may try
//! the next, and nobody waits for the failures of others.
//!
//! Failures are counted for an account and a place, so that those of an attacker pause the
//! attacker. Against one who comes from everywhere there is a limit for the account,
//! [`Limit::LoginAttempts`]; it holds for places from which nobody has logged in before, so
//! that its owner, who has a cookie or is where they have been before, is not kept out.

use std::fmt;

use super::limit::{Limit, Subject};
use super::network::Network;
use super::service::{LimitError, Limits};
use super::store::Attempts;
use crate::business::Timestamp;

/// How many wrong passwords in a row cost no pause.
const FREE_FAILURES: u32 = 5;

/// How long failures are remembered after their pause, in seconds.
const FAILURES_REMEMBERED: u32 = 24 * 60 * 60;

/// How long it is remembered that somebody logged in, in seconds.
const KNOWN_REMEMBERED: u32 = 30 * 24 * 60 * 60;

/// How often an attempt is counted when others are counted at the same moment.
const TRIES: u32 = 3;

/// Where somebody logs in.
#[derive(Clone, Debug)]
pub enum Place {
    /// A device that was logged into the account before, by the hash of the refresh token
    /// that it got then.
    Device(String),
    /// Any device in a network.
    Network(Network),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(token_hash) => write!(f, "device {token_hash}"),
            Self::Network(network) => write!(f, "network {network}"),
        }
    }
}

/// An attempt that counts as failed until it [succeeded](Attempt::succeeded): those that
/// are made at the same moment are to know of each other.
pub struct Attempt<'l> {
    limits: &'l Limits,
    key: String,
    address: String,
    /// Whether it is from where somebody has logged into the account before.
    known: bool,
    before: Option<Attempts>,
    counted: Attempts,
}

/// What operators call the pause after wrong passwords.
const PAUSE: &str = "LOGIN_PAUSE";

impl Limits {
    /// Counts an attempt to log into the account of `address`, whether there is one or not.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`] when there were too many failures.
    pub async fn begin_attempt(&self, address: &str, place: &Place) -> Result<Attempt<'_>, LimitError> {
        let key = format!("{address} from {place}");
        for _ in 0..TRIES {
            let now = self.clock.now();
            let before = self.store.attempts(&key, now).await?;
            if let Some(wait) = before.and_then(|before| before.wait(now)) {
                return Err(LimitError::Exceeded { limit: PAUSE, seconds: wait });
            }
            let counted = Attempts::one_more(before.as_ref(), now, self.longest_pause());
            if self.store.replace_attempts(&key, before.as_ref(), &counted, now).await? {
                let known = counted.known || matches!(place, Place::Device(_));
                return Ok(Attempt { limits: self, key, address: address.to_owned(), known, before, counted });
            }
        }
        Err(LimitError::Exceeded { limit: PAUSE, seconds: 1 })
    }
}

impl Attempts {
    /// How many seconds of a pause are left.
    fn wait(&self, now: Timestamp) -> Option<u32> {
        self.paused_until.seconds_after(now)
    }

    fn one_more(before: Option<&Self>, now: Timestamp, longest_pause: u32) -> Self {
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let pause = match failures.checked_sub(FREE_FAILURES + 1) {
            None => 0,
            Some(doublings) => 1_u32.checked_shl(doublings).unwrap_or(u32::MAX).min(longest_pause),
        };
        let paused_until = now.plus_seconds(pause);
        let known = before.filter(|before| before.known);
        let expires_at = paused_until.plus_seconds(FAILURES_REMEMBERED);
        let expires_at = known.map_or(expires_at, |known| known.expires_at.max(expires_at));
        Self { failures, paused_until, known: known.is_some(), expires_at }
    }
}

impl Attempt<'_> {
    /// Whether it is from where somebody has logged into the account before.
    #[must_use]
    pub fn is_from_known_place(&self) -> bool {
        self.known
    }

    /// Counts it among those of the account from everywhere, unless it is from a known place.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`] when it is one too many; then it does not count at all.
    pub async fn within_limit_of_address(self) -> Result<Self, LimitError> {
        if self.known {
            return Ok(self);
        }
        if let Err(exceeded) = self.limits.take(Limit::LoginAttempts, Subject::Address(&self.address)).await {
            self.withdraw().await?;
            return Err(exceeded);
        }
        Ok(self)
    }

    /// The password was right: earlier failures are forgotten, and the place is known.
    ///
    /// # Errors
    /// [`LimitError::Fault`].
    pub async fn succeeded(self) -> Result<(), LimitError> {
        let now = self.limits.clock.now();
        let expires_at = now.plus_seconds(KNOWN_REMEMBERED);
        self.replace(&Attempts { failures: 0, paused_until: now, known: true, expires_at }, now).await
    }

    /// It was not found out whether the password is right: the attempt does not count.
    ///
    /// # Errors
    /// [`LimitError::Fault`].
    pub async fn withdraw(self) -> Result<(), LimitError> {
        let now = self.limits.clock.now();
        let nothing = Attempts { failures: 0, paused_until: now, known: false, expires_at: now };
        self.replace(&self.before.unwrap_or(nothing), now).await
    }

    async fn replace(&self, attempts: &Attempts, now: Timestamp) -> Result<(), LimitError> {
        // When another attempt was counted since, that one stands.
        self.limits.store.replace_attempts(&self.key, Some(&self.counted), attempts, now).await?;
        Ok(())
    }
}
