//! Mail: what is to be sent, and the job that sends it.
//!
//! Whatever asks for a mail queues it in the transaction of its own change
//! ([`QueuedMail`]), so that neither is there without the other. [`MailJob`] sends what is due,
//! until a mail server has accepted it.

mod job;
mod mailer;
mod queue;

pub use job::{ComposeMail, MailJob};
pub use mailer::{MailError, Mailer, Message};
pub use queue::{MailKind, MailStore, QueuedMail};
