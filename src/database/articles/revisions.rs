//! Revisions of articles as items beside them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::items::timestamp;
use crate::business::{
    Fault, Head, REVISION_SECONDS, Revision, RevisionName, RevisionStore, RevisionWithText, Tag, Timestamp,
    WordsChanged,
};
use crate::database::Database;
use crate::database::content::ContentAddress;
use crate::database::error::readable;
use crate::database::keys;
use crate::database::table::{Transaction, TransactionOutcome, backoff, from_item};

/// How often a revision is named against what else changes at it.
const ATTEMPTS: u32 = 8;

/// What an article was from one save to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct RevisionItem {
    pub(in crate::database) revision: u64,
    pub(in crate::database) created_at: String,
    pub(in crate::database) author: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::database) title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::database) meta_description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::database) featured_image: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::database) tags: Vec<Tag>,
    pub(in crate::database) words_added: u32,
    pub(in crate::database) words_removed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::database) name: Option<String>,
    /// Where its text is.
    pub(in crate::database) content: ContentAddress,
    /// Where that of the revision before is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::database) before: Option<ContentAddress>,
}

impl RevisionItem {
    /// The first save of a revision.
    pub(in crate::database) fn new(head: &Head, content: ContentAddress, before: Option<ContentAddress>) -> Self {
        Self {
            revision: head.revision,
            created_at: head.updated_at.to_string(),
            author: head.author.username.to_string(),
            title: head.title.clone(),
            meta_description: head.meta_description.clone(),
            featured_image: head.featured_image.clone(),
            tags: head.tags.clone(),
            words_added: 0,
            words_removed: 0,
            name: None,
            content,
            before,
        }
    }

    /// The same with what was saved again.
    pub(super) fn saved_again(self, head: &Head, content: ContentAddress) -> Self {
        Self {
            created_at: self.created_at,
            name: self.name,
            words_added: self.words_added,
            words_removed: self.words_removed,
            ..Self::new(head, content, self.before)
        }
    }

    pub(super) fn with_words(self, words: WordsChanged) -> Self {
        Self { words_added: words.added, words_removed: words.removed, ..self }
    }

    /// Whether what is saved at a time is still the same revision.
    pub(super) fn goes_on(&self, by: &Head, now: Timestamp) -> Result<bool, Fault> {
        let until = timestamp(&self.created_at)?.plus_seconds(REVISION_SECONDS);
        Ok(self.name.is_none() && self.author.eq_ignore_ascii_case(by.author.username.as_str()) && now < until)
    }

    fn revision(self) -> Result<Revision, Fault> {
        Ok(Revision {
            number: self.revision,
            created_at: timestamp(&self.created_at)?,
            author: self.author.parse().map_err(Fault::failed)?,
            title: self.title,
            meta_description: self.meta_description,
            featured_image: self.featured_image,
            tags: self.tags,
            words: WordsChanged { added: self.words_added, removed: self.words_removed },
            name: self.name,
        })
    }
}

#[async_trait]
impl RevisionStore for Database {
    async fn revisions(&self, article: u64, before: Option<u64>, limit: u32) -> Result<Vec<Revision>, Fault> {
        let (oldest, newest) = (
            keys::revision(article, 0),
            keys::revision(article, before.map_or(keys::MAX_REVISION, |before| before.saturating_sub(1))),
        );
        let items = self.table.query_backward(&oldest.pk, oldest.sk..=newest.sk, limit).await?;
        let revisions = items.into_iter().filter_map(|item| {
            readable("a revision", from_item::<RevisionItem>(item).and_then(RevisionItem::revision)).transpose()
        });
        revisions.collect()
    }

    async fn revision(&self, article: u64, number: u64) -> Result<Option<RevisionWithText>, Fault> {
        let Some(item) = self.table.get::<RevisionItem>(&keys::revision(article, number)).await? else {
            return Ok(None);
        };
        let text = self.texts_at(&[&item.content]).await?.pop().flatten();
        let text = text
            .ok_or_else(|| Fault::failed(format!("the text of revision {number} of article {article} is not there")))?;
        Ok(Some(RevisionWithText { revision: item.revision()?, text }))
    }

    async fn name_revision(&self, article: u64, number: u64, name: Option<&RevisionName>) -> Result<bool, Fault> {
        let key = keys::revision(article, number);
        for attempt in 0..ATTEMPTS {
            let Some(before) = self.table.find(&key).await? else { return Ok(false) };
            let after = RevisionItem { name: name.map(ToString::to_string), ..from_item(before.clone())? };
            let mut naming = Transaction::new(&self.table);
            naming.replace(&key, &after, &before)?;
            match naming.commit().await? {
                TransactionOutcome::Committed => return Ok(true),
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("a revision changes all the time"))
    }
}
