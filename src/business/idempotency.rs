//! Requests that a client names, so that it can send them again without anything being done
//! twice.
//!
//! What came of a named request is recorded in the same transaction as what it made. Whoever
//! sends it again within [a day](IDEMPOTENCY_SECONDS), to this process or another, is answered
//! from that record; a different request under the same name is refused.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::{Clock, Fault, Timestamp};

/// For how many seconds the outcome of a request is recorded.
pub const IDEMPOTENCY_SECONDS: u32 = 24 * 60 * 60;

/// What a client names a request: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is no such name.
#[derive(Debug, thiserror::Error)]
#[error("Invalid Idempotency-Key, expected 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let valid = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }
}

/// What a request says, as a hash of its parts.
#[derive(Clone, Default)]
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(super) fn of<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        let mut fingerprint = Self::default();
        for part in parts {
            fingerprint.add(part.as_bytes());
        }
        fingerprint
    }

    /// Adds a part, told from the parts around it by its length.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    pub(super) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// A request that its client has named.
#[derive(Clone, Debug)]
pub struct NamedRequest {
    /// A hash of its name, of what it asks for and of who asks.
    pub id: String,
    /// A hash of what it says.
    pub fingerprint: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Of the request.
    pub fingerprint: String,
    /// What finds again what it made; what that is, depends on what was asked for.
    pub outcome: String,
}

impl IdempotencyRecord {
    /// The outcome, if it is that of `request`.
    fn outcome_of(self, request: &NamedRequest) -> Result<String, IdempotencyError> {
        if self.fingerprint == request.fingerprint { Ok(self.outcome) } else { Err(IdempotencyError::Reused) }
    }
}

/// Why a named request is not done.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The name is that of another request.
    #[error("The Idempotency-Key was used for another request")]
    Reused,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What named requests need from storage. Absence is no error.
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// What came of the request of an id, unless that has expired by `now`.
    async fn record(&self, id: &str, now: Timestamp) -> Result<Option<IdempotencyRecord>, Fault>;

    /// Records what came of a request that changes nothing, or nothing more when it is done
    /// again. False if that is recorded already.
    async fn add_record(&self, request: &NamedRequest, outcome: &str) -> Result<bool, Fault>;
}

/// The records of named requests.
#[derive(Clone)]
pub(super) struct Idempotency {
    store: Arc<dyn IdempotencyStore>,
    clock: Arc<dyn Clock>,
}

impl Idempotency {
    pub(super) fn new(store: Arc<dyn IdempotencyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// A request to do `operation` for `whom`.
    pub(super) fn request(
        &self,
        key: Option<&IdempotencyKey>,
        operation: &str,
        whom: &str,
        fingerprint: impl FnOnce() -> Fingerprint,
    ) -> Option<NamedRequest> {
        let id = Fingerprint::of([operation, whom, &key?.0]).finish();
        Some(NamedRequest { id, fingerprint: fingerprint().finish(), received_at: self.clock.now() })
    }

    /// What came of a request before, if it has a name and was done.
    pub(super) async fn outcome(&self, request: Option<&NamedRequest>) -> Result<Option<String>, IdempotencyError> {
        let Some(request) = request else { return Ok(None) };
        let record = self.store.record(&request.id, request.received_at).await?;
        record.map(|record| record.outcome_of(request)).transpose()
    }

    /// Whether a request of the name was done, whatever it said.
    pub(super) async fn is_recorded(&self, request: Option<&NamedRequest>) -> Result<bool, Fault> {
        let Some(request) = request else { return Ok(false) };
        Ok(self.store.record(&request.id, request.received_at).await?.is_some())
    }

    /// Records what came of a request that may be done several times. Returns what came of it
    /// first.
    pub(super) async fn record(&self, request: &NamedRequest, outcome: String) -> Result<String, IdempotencyError> {
        if self.store.add_record(request, &outcome).await? {
            return Ok(outcome);
        }
        Ok(self.outcome(Some(request)).await?.unwrap_or(outcome))
    }
}

/// The store says that a request was done before, and does not have what came of it.
pub(super) fn not_recorded() -> Fault {
    Fault::failed("what was done before is not recorded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_a_reasonable_length() {
        assert!("7f0c-\"x\"".parse::<IdempotencyKey>().is_ok());
        for invalid in ["", "a b", "ä", "a\u{7f}", &"a".repeat(256)] {
            assert!(invalid.parse::<IdempotencyKey>().is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn a_fingerprint_tells_where_a_part_ends() {
        let fingerprint = |parts: &[&str]| Fingerprint::of(parts.iter().copied()).finish();
        assert_eq!(fingerprint(&["ab", "c"]), fingerprint(&["ab", "c"]));
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["ab", ""]), fingerprint(&["ab"]));
    }
}
