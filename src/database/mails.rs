//! Mail that waits to be sent, in the order in which it is due.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::readable;
use super::keys::Key;
use super::table::{Transaction, TransactionOutcome, from_item, key_attribute};
use super::{Database, keys};
use crate::business::{Fault, MailKind, MailStore, QueuedMail, Timestamp};

#[derive(Serialize, Deserialize)]
struct MailItem {
    id: String,
    kind: MailKind,
    #[serde(rename = "to")]
    recipient: String,
    username: String,
    created_at: String,
    attempts: u32,
    due_at: String,
}

impl From<&QueuedMail> for MailItem {
    fn from(mail: &QueuedMail) -> Self {
        Self {
            id: mail.id.to_string(),
            kind: mail.kind,
            recipient: mail.to.to_string(),
            username: mail.username.to_string(),
            created_at: mail.created_at.to_string(),
            attempts: mail.attempts,
            due_at: mail.due_at.to_string(),
        }
    }
}

impl TryFrom<MailItem> for QueuedMail {
    type Error = Fault;

    fn try_from(item: MailItem) -> Result<Self, Fault> {
        Ok(Self {
            id: item.id.parse().map_err(Fault::failed)?,
            kind: item.kind,
            to: item.recipient.parse().map_err(Fault::failed)?,
            username: item.username.parse().map_err(Fault::failed)?,
            created_at: item.created_at.parse().map_err(Fault::failed)?,
            attempts: item.attempts,
            due_at: item.due_at.parse().map_err(Fault::failed)?,
        })
    }
}

fn key(mail: &QueuedMail) -> Key {
    keys::mail(mail.due_at, mail.id)
}

/// Queues a mail in a transaction.
pub(super) fn queue(transaction: &mut Transaction<'_>, mail: &QueuedMail) -> Result<(), Fault> {
    transaction.create(&key(mail), &MailItem::from(mail)).map(drop)
}

#[async_trait]
impl MailStore for Database {
    async fn due_mails(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedMail>, Fault> {
        let (first, last) = (keys::mail(Timestamp::from_unix_seconds(0), Uuid::nil()), keys::mail(now, Uuid::max()));
        let mut from = first.sk;
        loop {
            let items = self.table.query_forward(&first.pk, from..=last.sk.clone(), limit).await?;
            let after = items.last().and_then(|item| key_attribute(item, "sk")).map(|sk| format!("{sk}\0"));
            let mail = |item| from_item::<MailItem>(item)?.try_into();
            let mails = items.into_iter().filter_map(|item| readable("mail", mail(item)).transpose());
            let mails: Vec<_> = mails.collect::<Result<_, _>>()?;
            // Those that cannot be read do not keep others waiting.
            match after {
                Some(after) if mails.is_empty() => from = after,
                _ => return Ok(mails),
            }
        }
    }

    async fn postpone_mail(&self, mail: &QueuedMail, due_at: Timestamp) -> Result<Option<QueuedMail>, Fault> {
        let postponed = QueuedMail { due_at, attempts: mail.attempts + 1, ..mail.clone() };
        let mut postponement = Transaction::new(&self.table);
        queue(&mut postponement, &postponed)?;
        postponement.delete(&key(mail))?;
        match postponement.commit().await? {
            TransactionOutcome::Committed => Ok(Some(postponed)),
            TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => Ok(None),
        }
    }

    async fn remove_mail(&self, mail: &QueuedMail) -> Result<(), Fault> {
        self.table.delete(&key(mail)).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_mail_that_cannot_be_read_keeps_no_other_waiting() {
        let database = Database::embedded(None).await.unwrap();
        let due_at = Timestamp::from_unix_seconds(1_000);
        let mail = QueuedMail {
            id: Uuid::from_u128(2),
            kind: MailKind::Verification,
            to: "ada@example.com".parse().unwrap(),
            username: "ada".parse().unwrap(),
            created_at: due_at,
            attempts: 0,
            due_at,
        };
        database.table.put(&keys::mail(due_at, Uuid::from_u128(1)), &json!({"to": "no address"})).await.unwrap();
        database.table.put(&key(&mail), &MailItem::from(&mail)).await.unwrap();
        let due = database.due_mails(due_at.plus_seconds(1), 1).await.unwrap();
        assert_eq!(due.iter().map(|mail| mail.id).collect::<Vec<_>>(), [mail.id]);
    }
}
