//! Mail that waits to be sent.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::business::{Email, Fault, Timestamp, Username};

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A link that verifies the address.
    Verification,
}

/// A mail that is to be sent. What it says is made when it is: it holds secrets.
#[derive(Clone, Debug)]
pub struct QueuedMail {
    /// Tells it from every other.
    pub id: Uuid,
    /// What it is about.
    pub kind: MailKind,
    /// Who gets it.
    pub to: Email,
    /// Their name.
    pub username: Username,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How often somebody began to send it.
    pub attempts: u32,
    /// When it is to be sent.
    pub due_at: Timestamp,
}

impl QueuedMail {
    /// A mail that is due at once.
    #[must_use]
    pub fn new(kind: MailKind, to: Email, username: Username, now: Timestamp) -> Self {
        Self { id: Uuid::now_v7(), kind, to, username, created_at: now, attempts: 0, due_at: now }
    }
}

/// What sending mail needs from storage.
#[async_trait]
pub trait MailStore: Send + Sync {
    /// Up to `limit` mails that are due by `now`, those first that are due longest.
    async fn due_mails(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedMail>, Fault>;

    /// Makes a mail due at another time, after one more attempt. None if somebody else has
    /// changed it since it was read, or sent it.
    async fn postpone_mail(&self, mail: &QueuedMail, due_at: Timestamp) -> Result<Option<QueuedMail>, Fault>;

    /// Takes a mail off the queue, if it is there.
    async fn remove_mail(&self, mail: &QueuedMail) -> Result<(), Fault>;
}
