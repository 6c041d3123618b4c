//! The job that sends mail.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::mailer::{Mailer, Message};
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

/// Writes what a mail says.
pub trait ComposeMail: Send + Sync {
    /// The message of a mail.
    fn compose(&self, mail: &QueuedMail) -> Message;
}

/// Sends mail: each exactly once if the mail server says what it did, and otherwise at least
/// once.
pub struct MailJob {
    store: Arc<dyn MailStore>,
    mailer: Arc<dyn Mailer>,
    compose: Arc<dyn ComposeMail>,
    clock: Arc<dyn Clock>,
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
        Self { store, mailer, compose, clock }
    }

    /// Sends one mail. False if it was not sent.
    async fn send(&self, mail: QueuedMail) -> Result<bool, Fault> {
        let now = self.clock.now();
        if mail.created_at.plus_seconds(GIVE_UP_SECONDS) <= now {
            tracing::error!(mail = %mail.id, attempts = mail.attempts, "mail given up, no server accepted it for days");
            self.store.remove_mail(&mail).await?;
            return Ok(false);
        }
        // Before it is sent: whoever is interrupted in that leaves it to be tried later.
        let Some(mail) = self.store.postpone_mail(&mail, now.plus_seconds(backoff_seconds(mail.attempts))).await?
        else {
            return Ok(false);
        };
        let sent = timeout(SEND_TIMEOUT, self.mailer.send(self.compose.compose(&mail))).await;
        let error: Box<dyn Error> = match sent {
            Ok(Ok(())) => {
                self.store.remove_mail(&mail).await?;
                return Ok(true);
            }
            Ok(Err(error)) => error.into(),
            Err(late) => late.into(),
        };
        let until = mail.due_at.to_string();
        tracing::warn!(mail = %mail.id, attempts = mail.attempts, until, error = &*error, "mail not sent, is tried again");
        Ok(false)
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
        Ok(!self.store.due_mails(self.clock.now(), 1).await?.is_empty())
    }

    async fn run(&self) -> Result<JobReport, Fault> {
        let mails = self.store.due_mails(self.clock.now(), BATCH).await?;
        let more = mails.len() == BATCH as usize;
        let mut report = JobReport { more, ..JobReport::default() };
        let mut sending = stream::iter(mails).map(|mail| self.send(mail)).buffer_unordered(CONCURRENT);
        while let Some(sent) = sending.next().await {
            if sent? {
                report.done += 1;
            } else {
                report.failed += 1;
            }
        }
        Ok(report)
    }
}
