//! Delivering mail: over SMTP, or into a folder on a developer's machine.

mod outbox;
mod smtp;

pub use outbox::Outbox;
pub use smtp::{InvalidServer, Smtp, SmtpConfig};

use lettre::message::header::ContentType;

use crate::business::{MailError, Message};

/// The message as it goes over the wire (RFC 5322).
fn compose(message: &Message, sender: &lettre::message::Mailbox) -> Result<lettre::Message, MailError> {
    let to = message.to.as_str().parse().map_err(mail_error)?;
    lettre::Message::builder()
        .from(sender.clone())
        .to(lettre::message::Mailbox::new(None, to))
        .subject(&message.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(message.body.clone())
        .map_err(mail_error)
}

fn mail_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> MailError {
    MailError(error.into())
}
