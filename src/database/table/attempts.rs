//! Requests that are sent again when they fail, and what is known after that.
//!
//! The SDK's own retries are off: they hide that an attempt before the last one may have been
//! carried out. An attempt that was refused has changed nothing. One whose answer never came,
//! or says only that something broke, may have, and leaves the request in [`Doubt`], whatever
//! becomes of the attempts after it.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use metrics::counter;
use tokio::time::{Instant, timeout};

use super::consumed_capacity;
use crate::aws::is_not_connected;
use crate::business::Fault;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long an attempt waits for its answer.
    attempt: Duration,
    /// How long all attempts may take together: whoever asked should hear in two seconds that
    /// nothing came of it.
    total: Duration,
    /// Likewise, when nobody knows what came of one: the store may say so yet.
    doubtful: Duration,
}

impl Patience {
    /// For what is answered in a few milliseconds.
    pub(super) const READ: Self = Self::read(800);

    /// For a response of up to 16 MB.
    pub(super) const LONG_READ: Self = Self::read(1_600);

    /// For a request of up to 4 MB, which must not be given up too soon.
    pub(super) const WRITE: Self = Self {
        attempt: Duration::from_secs(3),
        total: Duration::from_millis(1_700),
        doubtful: Duration::from_secs(10),
    };

    const fn read(milliseconds: u64) -> Self {
        let total = Duration::from_millis(1_700);
        Self { attempt: Duration::from_millis(milliseconds), total, doubtful: total }
    }

    /// How much of it is left for what was begun at `started`.
    fn left(self, started: Instant, doubt: Doubt) -> Duration {
        let patience = if doubt == Doubt::None { self.total } else { self.doubtful };
        patience.saturating_sub(started.elapsed())
    }
}

/// What is not known of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// It was not carried out.
    None,
    /// Whether it was carried out. It is over.
    Outcome,
    /// Not even whether it is over: it may be on its way still.
    Everything,
}

/// A request that did not succeed.
#[derive(Debug)]
pub(super) struct Failed<E> {
    /// What became of the last attempt.
    pub(super) error: E,
    /// What it and the attempts before it leave open.
    pub(super) doubt: Doubt,
    verdict: Verdict,
}

/// What an error says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Not done, and never will be.
    Refused,
    /// Not done, for lack of room.
    Full,
    /// Not done, as there are too many at once.
    Throttled,
    /// Not done, as it did not get there.
    NotSent,
    /// Not done for whoever reads; whether it is for a writer is another matter.
    Broken(Doubt),
}

/// How requests are sent.
pub(super) enum Attempts {
    /// Once: whatever comes of it is known.
    One,
    /// Again and again, within reason.
    Several(Availability),
}

impl Attempts {
    pub(super) fn several() -> Self {
        Self::Several(Availability {
            created: Instant::now(),
            answered: AtomicU64::new(0),
            down_until: AtomicU64::new(0),
        })
    }

    /// Sends a request until it is answered or patience ends.
    pub(super) async fn send<T, E, F>(
        &self,
        patience: Patience,
        attempt: impl FnMut() -> F,
    ) -> Result<T, Failed<SdkError<E, HttpResponse>>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let result = self.attempt(patience, attempt).await;
        let outcome = result.as_ref().map_or_else(|failed| failed.verdict.name(), |_| "done");
        counter!("talelio_table_requests_total", "outcome" => outcome).increment(1);
        result
    }

    async fn attempt<T, E, F>(
        &self,
        patience: Patience,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failed<SdkError<E, HttpResponse>>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        match self {
            Self::One => attempt().await.map_err(|error| {
                consumed_capacity::record_failed();
                let verdict = Verdict::of(&error);
                Failed { error, doubt: verdict.doubt(), verdict }
            }),
            Self::Several(availability) => repeat(patience, availability, attempt).await,
        }
    }
}

async fn repeat<T, E, F>(
    patience: Patience,
    availability: &Availability,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Failed<SdkError<E, HttpResponse>>>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let started = Instant::now();
    let mut doubt = Doubt::None;
    for number in 0.. {
        if doubt == Doubt::None && availability.is_down() {
            let error = SdkError::construction_failure("the store did not answer a moment ago");
            return Err(Failed { error, verdict: Verdict::NotSent, doubt });
        }
        let left = patience.left(started, Doubt::Everything);
        let answer = timeout(patience.attempt.min(left), attempt()).await;
        let error = match answer {
            Ok(Ok(output)) => {
                availability.record_answer();
                return Ok(output);
            }
            Ok(Err(error)) => error,
            Err(late) => SdkError::timeout_error(late),
        };
        consumed_capacity::record_failed();
        let verdict = Verdict::of(&error);
        doubt = doubt.max(verdict.doubt());
        let over = matches!(verdict, Verdict::Refused | Verdict::Full);
        if over || patience.left(started, doubt) < longest_pause(number) {
            if matches!(verdict, Verdict::NotSent | Verdict::Broken(_)) {
                availability.record_failure(started);
            }
            return Err(Failed { error, doubt, verdict });
        }
        counter!("talelio_table_retries_total").increment(1);
        tracing::debug!(code = error.code(), number, "request to the store is sent again");
        backoff(number).await;
    }
    unreachable!("the loop has no end")
}

/// Whether the store answers. When it does not, requests are refused for a moment rather than
/// made to wait, so that they do not pile up; then one that fails says so for the next moment.
pub(super) struct Availability {
    created: Instant,
    /// When it last answered, in milliseconds after `created`.
    answered: AtomicU64,
    /// Until when it is not asked, likewise.
    down_until: AtomicU64,
}

impl Availability {
    /// How long nothing is asked of a store that does not answer.
    const PAUSE: Duration = Duration::from_millis(500);

    fn since_creation(&self, moment: Instant) -> u64 {
        moment.duration_since(self.created).as_millis().try_into().unwrap_or(u64::MAX)
    }

    fn is_down(&self) -> bool {
        self.since_creation(Instant::now()) < self.down_until.load(Ordering::Relaxed)
    }

    fn record_answer(&self) {
        self.answered.fetch_max(self.since_creation(Instant::now()), Ordering::Relaxed);
    }

    /// A request failed that was begun at `started`. If others were answered since, it is about
    /// that request and not about the store.
    fn record_failure(&self, started: Instant) {
        if self.answered.load(Ordering::Relaxed) <= self.since_creation(started) {
            self.down_until.fetch_max(self.since_creation(Instant::now() + Self::PAUSE), Ordering::Relaxed);
        }
    }
}

impl Verdict {
    /// What an attempt leaves open.
    fn doubt(self) -> Doubt {
        if let Self::Broken(doubt) = self { doubt } else { Doubt::None }
    }

    /// What it is called among the outcomes that are counted.
    fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Full => "full",
            Self::Throttled => "throttled",
            Self::NotSent => "unreachable",
            Self::Broken(_) => "broken",
        }
    }

    fn of<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ConstructionFailure(_) => Self::Refused,
            SdkError::ServiceError(error) => {
                Self::of_answer(error.raw().status().as_u16(), error.err().code().unwrap_or_default())
            }
            error if is_not_connected(error) => Self::NotSent,
            _ => Self::Broken(Doubt::Everything),
        }
    }

    fn of_answer(status: u16, code: &str) -> Self {
        match code {
            "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "TransactionConflictException" => Self::Throttled,
            STORAGE_FULL => Self::Full,
            STORAGE_GONE => Self::NotSent,
            STORAGE_DAMAGED => Self::Refused,
            // An attempt before is being carried out.
            "TransactionInProgressException" => Self::Broken(Doubt::Everything),
            _ if status >= 500 => Self::Broken(Doubt::Outcome),
            _ => Self::Refused,
        }
    }
}

/// What the embedded engine answers when its file is not there any more.
pub(super) const STORAGE_GONE: &str = "StorageGone";

/// What the embedded engine answers when its file does not say any more what was stored.
pub(super) const STORAGE_DAMAGED: &str = "StorageDamaged";

/// What the embedded engine answers when its disk is full.
pub(super) const STORAGE_FULL: &str = "StorageFull";

/// Error codes that say that the store does not serve us, whatever we ask: it is the operator's
/// to mend, and the client's to come again.
const NOT_SERVED: [&str; 6] = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "ResourceNotFoundException",
    "UnrecognizedClientException",
];

impl<E> Failed<SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    /// The code of a service's answer.
    pub(super) fn code(&self) -> Option<&str> {
        self.error.as_service_error().and_then(ProvideErrorMetadata::code)
    }

    /// Whether the answer says that a condition did not hold.
    pub(super) fn is_condition_failed(&self) -> bool {
        self.code() == Some("ConditionalCheckFailedException")
    }

    /// As a fault of something that changes nothing.
    pub(super) fn into_fault(self) -> Fault {
        let not_served = self.code().is_some_and(|code| NOT_SERVED.contains(&code));
        let source = self.source();
        match self.verdict {
            Verdict::Throttled => Fault::busy(source),
            Verdict::Full => Fault::Full(source.into()),
            Verdict::NotSent | Verdict::Broken(_) => Fault::unavailable(source),
            Verdict::Refused if not_served => Fault::unavailable(source),
            Verdict::Refused => Fault::failed(source),
        }
    }

    /// As the fault of a write of which the store has `no_trace`, or cannot be asked.
    pub(super) fn into_write_fault(self, no_trace: bool) -> Fault {
        match self.doubt {
            Doubt::None => self.into_fault(),
            Doubt::Outcome if no_trace => self.into_fault(),
            Doubt::Outcome | Doubt::Everything => Fault::Unknown(self.source().into()),
        }
    }

    /// What there is to say of the last attempt.
    fn source(&self) -> String {
        match self.error.as_service_error().map(ProvideErrorMetadata::meta) {
            Some(meta) => {
                let (code, message) = (meta.code().unwrap_or("unknown"), meta.message().unwrap_or("no message"));
                format!("{code}: {message}")
            }
            None => DisplayErrorContext(&self.error).to_string(),
        }
    }
}

fn longest_pause(attempt: u32) -> Duration {
    Duration::from_millis(10_u64 << attempt.min(6))
}

/// Waits before another attempt: twice as long each time, with jitter so that
/// those who collided do not collide again.
pub(in crate::database) async fn backoff(attempt: u32) {
    let longest = longest_pause(attempt);
    tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..=1.0))).await;
}
