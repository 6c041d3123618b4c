use std::path::PathBuf;

use async_trait::async_trait;
use lettre::message::Mailbox;

use super::{compose, mail_error};
use crate::business::{MailError, Mailer, Message};

/// Writes mail to `<folder>/<id>.eml` in place of sending it; a mail that is sent again is
/// written again.
pub struct Outbox {
    /// Where the files go; nothing is written without one.
    folder: Option<PathBuf>,
    sender: Mailbox,
    /// Whether to log the link of each message. It lets whoever reads the log
    /// act for the recipient, which is for a developer's machine only.
    show_links: bool,
}

impl Outbox {
    /// An outbox in `folder`, which is made with the first message.
    #[must_use]
    pub fn new(folder: Option<PathBuf>, sender: Mailbox, show_links: bool) -> Self {
        Self { folder, sender, show_links }
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: Message) -> Result<(), MailError> {
        let mail = compose(&message, &self.sender)?.formatted();
        if let Some(folder) = self.folder.clone() {
            let file = folder.join(format!("{}.eml", message.id));
            let write = move || {
                std::fs::create_dir_all(&folder)?;
                std::fs::write(file, mail)
            };
            tokio::task::spawn_blocking(write).await.map_err(mail_error)?.map_err(mail_error)?;
        }
        if self.show_links {
            tracing::info!(link = message.link, "mail written to the outbox");
        } else {
            tracing::warn!("mail written to the outbox, as no EMAIL_SERVER is set");
        }
        Ok(())
    }
}
