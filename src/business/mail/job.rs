//! The job that sends mail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use uuid::Uuid;

use super::mailer::{MailError, Mailer, Message};
use super::queue::{MailStore, QueuedMail};
use crate::business::{Clock, Fault, Job, JobReport};

/// How many mails are sent before the job looks again.
const BATCH: u32 = 32;

/// How many of them at once: a mail server that hangs for one may hang for all.
const CONCURRENT: usize = 8;

/// How long a mail may take, after which it counts as not sent.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long after the first attempt the next is made, in seconds; twice as long after every
/// further one. More than [`SEND_TIMEOUT`], so that nobody else begins to send what is being
/// sent.
const FIRST_BACKOFF_SECONDS: u32 = 15;

/// The longest of those pauses.
const LONGEST_BACKOFF_SECONDS: u32 = 60 * 60;

/// When a mail is given up, in seconds after it was asked for.
const GIVE_UP_SECONDS: u32 = 3 * 24 * 60 * 60;

/// How often a mail server may refuse a recipient for good before a mail is given up: some say so for a
/// moment only, or to whoever they do not know yet.
const MAX_REFUSALS: u32 = 3;

/// Writes what a mail says.
pub trait ComposeMail: Send + Sync {
    /// The message of a mail.
    fn compose(&self, mail: &QueuedMail) -> Message;
}

/// Sends mail: each exactly once if the mail server says what it did and this process lives to
/// record that, and otherwise at least once.
pub struct MailJob {
    store: Arc<dyn MailStore>,
    mailer: Arc<dyn Mailer>,
    compose: Arc<dyn ComposeMail>,
    clock: Arc<dyn Clock>,
    /// Those that a mail server has taken and that could not be removed yet. No other process knows.
    taken: Mutex<HashMap<Uuid, QueuedMail>>,
}

impl MailJob {
    /// What the job is called.
    pub const NAME: &'static str = "mail";

    /// A job that sends the mails of `store` with `mailer`.
    #[must_use]
    pub fn new(
        store: Arc<dyn MailStore>,
        mailer: Arc<dyn Mailer>,
        compose: Arc<dyn ComposeMail>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, mailer, compose, clock, taken: Mutex::default() }
    }

    /// Sends one mail. False if it was not sent.
    async fn send(&self, mail: QueuedMail) -> Result<bool, Fault> {
        let now = self.clock.now();
        if mail.created_at.plus_seconds(GIVE_UP_SECONDS) <= now {
            let QueuedMail { id, username, attempts, .. } = &mail;
            tracing::error!(mail = %id, user = %username, attempts, "mail given up, no server accepted it for days");
            self.store.remove_mail(&mail).await?;
            return Ok(false);
        }
        // Before it is sent: whoever is interrupted in that leaves it to be tried later.
        let Some(mail) = self.store.postpone_mail(&mail, now.plus_seconds(backoff_seconds(mail.attempts))).await?
        else {
            return Ok(false);
        };
        let sent = timeout(SEND_TIMEOUT, self.mailer.send(self.compose.compose(&mail))).await;
        let late = |_| MailError { reason: "the mail server took too long".to_owned(), is_refusal: false };
        let Err(error) = sent.map_err(late).flatten() else {
            self.taken().insert(mail.id, mail.clone());
            return self.remove(&mail).await.map(|()| true);
        };
        let QueuedMail { id, username, attempts, .. } = &mail;
        if error.is_refusal && *attempts >= MAX_REFUSALS {
            tracing::error!(mail = %id, user = %username, attempts, %error, "mail given up, as it is refused");
            self.store.remove_mail(&mail).await?;
        } else {
            let until = mail.due_at.to_string();
            tracing::warn!(mail = %id, user = %username, attempts, until, %error, "mail not sent, is tried again");
        }
        Ok(false)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, QueuedMail>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a mail that was sent.
    async fn remove(&self, mail: &QueuedMail) -> Result<(), Fault> {
        self.store.remove_mail(mail).await?;
        self.taken().remove(&mail.id);
        Ok(())
    }
}

fn backoff_seconds(attempts: u32) -> u32 {
    FIRST_BACKOFF_SECONDS.saturating_mul(1 << attempts.min(16)).min(LONGEST_BACKOFF_SECONDS)
}

#[async_trait]
impl Job for MailJob {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn period(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn is_due(&self) -> Result<bool, Fault> {
        Ok(!self.taken().is_empty() || !self.store.due_mails(self.clock.now(), 1).await?.is_empty())
    }

    async fn run(&self) -> Result<JobReport, Fault> {
        // Before they are due again, which is when another process would send them.
        let taken: Vec<_> = self.taken().values().cloned().collect();
        for mail in &taken {
            self.remove(mail).await?;
        }
        let mails = self.store.due_mails(self.clock.now(), BATCH).await?;
        let more = mails.len() == BATCH as usize;
        let mut report = JobReport { done: taken.len() as u64, more, ..JobReport::default() };
        let mut sending = stream::iter(mails).map(|mail| self.send(mail)).buffer_unordered(CONCURRENT);
        let mut fault = None;
        while let Some(sent) = sending.next().await {
            match sent {
                Ok(true) => report.done += 1,
                Ok(false) => report.failed += 1,
                // Those on their way are still waited for.
                Err(error) => fault = Some(error),
            }
        }
        fault.map_or(Ok(report), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::business::{MailKind, SystemClock, Timestamp};

    /// A queue of one mail, which cannot be removed so many times.
    struct Queue {
        /// Whether a mail that was postponed is not due any more.
        postpones: bool,
        mail: Mutex<Option<QueuedMail>>,
        faults: AtomicUsize,
    }

    impl Queue {
        fn new(faults: usize, postpones: bool) -> Arc<Self> {
            let to = "ada@example.com".parse().unwrap();
            let mail = QueuedMail::new(MailKind::Verification, to, "ada".parse().unwrap(), SystemClock.now());
            Arc::new(Self { postpones, mail: Mutex::new(Some(mail)), faults: faults.into() })
        }
    }

    #[async_trait]
    impl MailStore for Queue {
        async fn due_mails(&self, _: Timestamp, _: u32) -> Result<Vec<QueuedMail>, Fault> {
            let is_due = |mail: &QueuedMail| !self.postpones || mail.attempts == 0;
            Ok(self.mail.lock().unwrap().clone().filter(is_due).into_iter().collect())
        }

        async fn postpone_mail(&self, mail: &QueuedMail, due_at: Timestamp) -> Result<Option<QueuedMail>, Fault> {
            let postponed = QueuedMail { due_at, attempts: mail.attempts + 1, ..mail.clone() };
            *self.mail.lock().unwrap() = Some(postponed.clone());
            Ok(Some(postponed))
        }

        async fn remove_mail(&self, _: &QueuedMail) -> Result<(), Fault> {
            if self.faults.load(Ordering::Relaxed) > 0 {
                self.faults.fetch_sub(1, Ordering::Relaxed);
                return Err(Fault::unavailable("the table is away"));
            }
            *self.mail.lock().unwrap() = None;
            Ok(())
        }
    }

    #[derive(Default)]
    struct Counting(AtomicUsize);

    #[async_trait]
    impl Mailer for Counting {
        async fn send(&self, _: Message) -> Result<(), MailError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }

    /// Says of every mail the same.
    struct Refusing(bool);

    #[async_trait]
    impl Mailer for Refusing {
        async fn send(&self, _: Message) -> Result<(), MailError> {
            Err(MailError { reason: "no".to_owned(), is_refusal: self.0 })
        }
    }

    struct Compose;

    impl ComposeMail for Compose {
        fn compose(&self, mail: &QueuedMail) -> Message {
            Message {
                id: mail.id,
                to: mail.to.clone(),
                subject: String::new(),
                body: String::new(),
                link: String::new(),
            }
        }
    }

    #[tokio::test]
    async fn a_mail_that_was_taken_is_not_sent_again_when_it_could_not_be_removed() {
        let queue = Queue::new(1, true);
        let mailer = Arc::new(Counting::default());
        let job = MailJob::new(queue.clone(), mailer.clone(), Arc::new(Compose), Arc::new(SystemClock));
        assert!(job.run().await.is_err());
        // Also before it is due, for another process.
        assert!(job.is_due().await.unwrap());
        assert_eq!(job.run().await.unwrap().done, 1);
        assert_eq!(mailer.0.load(Ordering::Relaxed), 1);
        assert!(!job.is_due().await.unwrap() && job.taken().is_empty());
    }

    #[tokio::test]
    async fn a_mail_is_given_up_soon_when_its_recipient_is_refused_for_good() {
        for (is_refusal, attempts) in [(true, 3), (false, 20)] {
            let job = MailJob::new(
                Queue::new(0, false),
                Arc::new(Refusing(is_refusal)),
                Arc::new(Compose),
                Arc::new(SystemClock),
            );
            let mut made = 0;
            while made < 20 && job.is_due().await.unwrap() {
                assert_eq!(job.run().await.unwrap(), JobReport { failed: 1, ..JobReport::default() });
                made += 1;
            }
            assert_eq!(made, attempts);
        }
    }
}
