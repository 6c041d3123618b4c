//! Delivering mail: over SMTP, or into a folder on a developer's machine.

mod outbox;
mod smtp;

pub use outbox::Outbox;
pub use smtp::{InvalidServer, Smtp, SmtpConfig};

use lettre::message::Body;
use lettre::message::header::{ContentTransferEncoding, ContentType};

use crate::business::{MailError, Message};

/// The message as it goes over the wire (RFC 5322).
fn compose(message: &Message, sender: &lettre::message::Mailbox) -> Result<lettre::Message, MailError> {
    let to = message.to.as_str().parse().map_err(mail_error)?;
    lettre::Message::builder()
        .message_id(Some(format!("<{}@{}>", message.id, sender.email.domain())))
        .from(sender.clone())
        .to(lettre::message::Mailbox::new(None, to))
        .subject(&message.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body(&message.body))
        .map_err(mail_error)
}

/// The text, unencoded where it can be: a link in one piece can be clicked, or
/// copied out of the file, whatever shows the mail.
fn body(text: &str) -> Body {
    /// Of a line, in bytes (RFC 5322, section 2.1.1).
    const MAX_LINE: usize = 998;
    if text.is_ascii() && text.lines().all(|line| line.len() <= MAX_LINE) {
        Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    }
}

fn mail_error(error: impl std::fmt::Display) -> MailError {
    MailError { reason: error.to_string(), is_refusal: false }
}
