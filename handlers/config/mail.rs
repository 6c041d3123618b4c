//! Who sends mail, and through whom.

use lettre::message::Mailbox;
use talelio::mail::{Smtp, SmtpConfig};

use super::reader::Reader;

impl Reader {
    /// Where mail comes from.
    pub(super) fn sender(&mut self) -> Option<Mailbox> {
        let sender = self.text("EMAIL_SENDER").or_else(|| self.text("EMAIL_USER"))?;
        let parsed = sender.parse();
        if parsed.is_err() {
            self.problem("EMAIL_SENDER", "expected a mail address, with or without a name before it");
        }
        parsed.ok()
    }

    /// The mail server, if there is one.
    pub(super) fn smtp(&mut self, sender: Option<&Mailbox>, production: bool) -> Option<Smtp> {
        let server = self.text("EMAIL_SERVER")?;
        let (user, password) = (self.text("EMAIL_USER"), self.text("EMAIL_PASS"));
        if user.is_some() != password.is_some() {
            self.problem("EMAIL_USER", "EMAIL_USER and EMAIL_PASS go together");
        }
        if self.text("EMAIL_SENDER").is_none() && user.is_none() {
            self.problem("EMAIL_SENDER", "required with EMAIL_SERVER, unless EMAIL_USER is an address");
        }
        let config = SmtpConfig { server, credentials: user.zip(password), sender: sender?.clone() };
        if config.is_plaintext() && production {
            self.problem("EMAIL_SERVER", "mail is not sent without TLS in production");
        }
        Smtp::new(config).map_err(|error| self.problem("EMAIL_SERVER", &error.to_string())).ok()
    }
}

pub(super) fn default_sender() -> Mailbox {
    "no-reply@localhost".parse().expect("a valid address")
}
