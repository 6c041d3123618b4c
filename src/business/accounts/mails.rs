//! What the mails about accounts say.

use std::sync::Arc;

use super::tokens::Tokens;
use crate::business::{ComposeMail, MailKind, Message, QueuedMail};

/// Writes the mails about accounts.
pub struct AccountMails {
    tokens: Arc<Tokens>,
    /// Where the API is reached, without a slash at the end.
    api_base_url: String,
}

impl AccountMails {
    /// Mails with links to `api_base_url`, which has no slash at the end, and tokens in them.
    #[must_use]
    pub fn new(tokens: Arc<Tokens>, api_base_url: String) -> Self {
        Self { tokens, api_base_url }
    }
}

impl ComposeMail for AccountMails {
    fn compose(&self, mail: &QueuedMail) -> Message {
        let MailKind::Verification = mail.kind;
        let token = self.tokens.sign_email_verification(mail.to.as_str());
        let link = format!("{}/v1/accounts/verify/{token}", self.api_base_url);
        let body = format!(
            "Hello {},\n\nopen this link to verify your address:\n\n{link}\n\n\
             If you did not register, you need not do anything.\n",
            mail.username
        );
        Message { id: mail.id, to: mail.to.clone(), subject: "Verify your account".to_owned(), body, link }
    }
}
