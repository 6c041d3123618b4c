//! Mail that waits to be sent, in the order in which it is due.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::business::{Fault, MailKind, MailStore, QueuedMail, Timestamp};
use crate::database::Database;
use crate::database::error::readable;
use crate::database::keys::{self, Key};
use crate::database::table::{Item, Transaction, TransactionOutcome, from_item, key_attribute};

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
pub(in crate::database) fn queue(transaction: &mut Transaction<'_>, mail: &QueuedMail) -> Result<(), Fault> {
    transaction.create(&key(mail), &MailItem::from(mail)).map(drop)
}

impl Database {
    /// The items of mails due up to `now`, with sort keys from `from` on. One of which the engine can
    /// make nothing keeps it from reading those around it: only what is due in the same second is left
    /// out.
    async fn parseable_mails(&self, from: &str, now: Timestamp, limit: u32) -> Result<Vec<Item>, Fault> {
        let mut items = Vec::new();
        let mut spans = vec![(0, now.unix_seconds())];
        while let Some((first, last)) = spans.pop().filter(|_| items.len() < limit as usize) {
            let [first_key, last_key] = [(first, Uuid::nil()), (last, Uuid::max())]
                .map(|(seconds, id)| keys::mail(Timestamp::from_unix_seconds(seconds), id));
            let due_at = &first_key.sk;
            let range = due_at.clone().max(from.to_owned())..=last_key.sk;
            if range.is_empty() {
                continue;
            }
            match self.table.query_forward(&first_key.pk, range, limit).await {
                Err(Fault::Failed(error)) if first == last => {
                    tracing::error!(error = &*error as &dyn std::error::Error, due_at, "mail cannot be read");
                }
                Err(Fault::Failed(_)) => {
                    let middle = first + (last - first) / 2;
                    spans.extend([(middle + 1, last), (first, middle)]);
                }
                found => items.extend(found?),
            }
        }
        items.truncate(limit as usize);
        Ok(items)
    }
}

#[async_trait]
impl MailStore for Database {
    async fn due_mails(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedMail>, Fault> {
        let (first, last) = (keys::mail(Timestamp::from_unix_seconds(0), Uuid::nil()), keys::mail(now, Uuid::max()));
        let mut from = first.sk;
        loop {
            let items = match self.table.query_forward(&first.pk, from.clone()..=last.sk.clone(), limit).await {
                Err(Fault::Failed(_)) => self.parseable_mails(&from, now, limit).await?,
                items => items?,
            };
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

    fn mail(id: u128, due_at: Timestamp) -> QueuedMail {
        QueuedMail {
            id: Uuid::from_u128(id),
            kind: MailKind::Verification,
            to: "ada@example.com".parse().unwrap(),
            username: "ada".parse().unwrap(),
            created_at: due_at,
            attempts: 0,
            due_at,
        }
    }

    #[tokio::test]
    async fn a_mail_of_which_the_engine_can_make_nothing_keeps_no_other_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::embedded(Some(folder.path())).await.unwrap();
        let times = [1_000, 1_001, 1_000_000].map(Timestamp::from_unix_seconds);
        let mails = times.map(|due_at| mail(u128::try_from(due_at.unix_seconds()).unwrap(), due_at));
        for mail in &mails {
            database.table.put(&key(mail), &MailItem::from(mail)).await.unwrap();
        }
        drop(database);
        let file = folder.path().join(crate::database::table::DATABASE_FILE);
        let mut bytes = std::fs::read(&file).unwrap();
        let row = format!("S:OUTBOXS:{}{{", key(&mails[1]).sk);
        let row = bytes.windows(row.len()).position(|bytes| bytes == row.as_bytes()).unwrap() + row.len() - 1;
        bytes[row] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let database = Database::embedded(Some(folder.path())).await.unwrap();
        for (limit, expected) in [(10, vec![mails[0].id, mails[2].id]), (1, vec![mails[0].id])] {
            let due = database.due_mails(times[2].plus_seconds(1), limit).await.unwrap();
            assert_eq!(due.iter().map(|mail| mail.id).collect::<Vec<_>>(), expected);
        }
    }

    #[tokio::test]
    async fn a_mail_that_cannot_be_read_keeps_no_other_waiting() {
        let database = Database::embedded(None).await.unwrap();
        let due_at = Timestamp::from_unix_seconds(1_000);
        let mail = mail(2, due_at);
        database.table.put(&keys::mail(due_at, Uuid::from_u128(1)), &json!({"to": "no address"})).await.unwrap();
        database.table.put(&key(&mail), &MailItem::from(&mail)).await.unwrap();
        let due = database.due_mails(due_at.plus_seconds(1), 1).await.unwrap();
        assert_eq!(due.iter().map(|mail| mail.id).collect::<Vec<_>>(), [mail.id]);
    }
}
