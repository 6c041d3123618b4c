//! What the rules need from a mail system.

use async_trait::async_trait;
use uuid::Uuid;

use crate::business::Email;

/// A plain text message to one recipient.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same for a mail that is sent again, so that whoever gets it twice can tell.
    pub id: Uuid,
    /// Who gets it.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The link that the message is about; a mailer that only writes files may
    /// show it to the developer in its place.
    pub link: String,
}

/// The message was not handed over.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct MailError {
    /// Who did not take it, and why.
    pub reason: String,
    /// Whether it will not be taken later either: a mail server refuses the recipient for good.
    pub is_refusal: bool,
}

/// Delivers messages.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands `message` over.
    ///
    /// # Errors
    /// [`MailError`] when it was not accepted; it may be sent again.
    async fn send(&self, message: Message) -> Result<(), MailError>;
}
