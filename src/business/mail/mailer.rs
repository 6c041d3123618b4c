//! What the rules need from a mail system.

use std::error::Error;

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
#[error("the mail could not be sent")]
pub struct MailError(#[source] pub Box<dyn Error + Send + Sync>);

/// Delivers messages.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands `message` over.
    ///
    /// # Errors
    /// [`MailError`] when it was not accepted; it may be sent again.
    async fn send(&self, message: Message) -> Result<(), MailError>;
}
