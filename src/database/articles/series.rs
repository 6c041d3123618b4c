//! Series as items: what their articles are linked by, in order.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::items::timestamp;
use crate::business::{
    Author, ChangeError, Fault, Head, Series, SeriesPart, SeriesStore, SeriesTitle, Slug, State, Timestamp,
};
use crate::database::Database;
use crate::database::changes::{self, ChangeItem, ChangeKind};
use crate::database::error::readable;
use crate::database::keys;
use crate::database::table::{Item, Transaction, TransactionOutcome, from_item, key_attribute};

/// How many series are listed at once.
const SERIES: usize = 1_000;

/// About how many bytes are read for that at most.
const MAX_BYTES: usize = 4 << 20;

/// A series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct SeriesItem {
    pub(in crate::database) title: String,
    pub(in crate::database) author: String,
    pub(in crate::database) author_id: u64,
    pub(in crate::database) parts: Vec<PartItem>,
}

/// An article of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct PartItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) slug: String,
    // What is empty is left out: not every engine stores an empty text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    /// Since when lists have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
}

/// What a change of an article makes of a series.
pub(super) struct SeriesChange {
    slug: Slug,
    stored: Option<Item>,
    before: Option<SeriesItem>,
    after: SeriesItem,
}

impl PartItem {
    pub(in crate::database) fn new(head: &Head) -> Self {
        let published_at = match (head.deleted_at, head.state) {
            (None, State::Listed { published_at }) => Some(published_at.to_string()),
            _ => None,
        };
        Self { id: head.id, slug: head.slug.to_string(), title: head.title.clone(), published_at }
    }

    fn part(self) -> Result<SeriesPart, Fault> {
        Ok(SeriesPart {
            id: self.id,
            slug: self.slug.parse().map_err(Fault::failed)?,
            title: self.title,
            published_at: self.published_at.as_deref().map(timestamp).transpose()?,
        })
    }
}

impl From<&SeriesPart> for PartItem {
    fn from(part: &SeriesPart) -> Self {
        let SeriesPart { id, slug, title, published_at } = part;
        let published_at = published_at.map(|published_at| published_at.to_string());
        Self { id: *id, slug: slug.to_string(), title: title.clone(), published_at }
    }
}

impl SeriesItem {
    /// A series of an author that has nothing yet.
    pub(in crate::database) fn new(title: &str, author: &Author) -> Self {
        let Author { id, username } = author;
        Self { title: title.to_owned(), author: username.to_string(), author_id: *id, parts: Vec::new() }
    }

    fn series(self, slug: Slug) -> Result<Series, Fault> {
        let author = Author { id: self.author_id, username: self.author.parse().map_err(Fault::failed)? };
        let title = self.title.parse().map_err(Fault::failed)?;
        let parts = self.parts.into_iter().map(PartItem::part).collect::<Result<_, _>>()?;
        Ok(Series { slug, title, author, parts })
    }
}

impl From<&Series> for SeriesItem {
    fn from(series: &Series) -> Self {
        let parts = series.parts.iter().map(Into::into).collect();
        Self { parts, ..Self::new(series.title.as_str(), &series.author) }
    }
}

/// A series of a slug, as its item has it.
pub(super) fn series(slug: &Slug, item: Item) -> Result<Series, Fault> {
    from_item::<SeriesItem>(item)?.series(slug.clone())
}

impl SeriesChange {
    /// What becomes of a series when an article becomes `head`. One that begins with it has `title`.
    pub(super) fn new(
        slug: &Slug,
        stored: Option<Item>,
        head: &Head,
        title: Option<&SeriesTitle>,
    ) -> Result<Self, ChangeError> {
        let before: Option<SeriesItem> = stored.clone().map(from_item).transpose()?;
        let title = title.map_or(slug.as_str(), SeriesTitle::as_str);
        let mut after = before.clone().unwrap_or_else(|| SeriesItem::new(title, &head.author));
        let at = after.parts.iter().position(|part| part.id == head.id);
        if head.series.as_ref() == Some(slug) {
            if after.author_id != head.author.id {
                return Err(ChangeError::SeriesOfAnother);
            }
            match at {
                Some(at) => after.parts[at] = PartItem::new(head),
                None if after.parts.len() == Series::MOST => return Err(ChangeError::SeriesFull),
                None => after.parts.push(PartItem::new(head)),
            }
        } else {
            after.parts.retain(|part| part.id != head.id);
        }
        Ok(Self { slug: slug.clone(), stored, before, after })
    }

    /// Whether it becomes another.
    pub(super) fn is_one(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    pub(super) fn write(&self, transaction: &mut Transaction<'_>) -> Result<(), Fault> {
        let key = keys::series(&self.slug);
        match &self.stored {
            _ if !self.is_one() => {}
            Some(stored) if self.after.parts.is_empty() => drop(transaction.remove(&key, stored)?),
            Some(stored) => drop(transaction.replace(&key, &self.after, stored)?),
            None if self.after.parts.is_empty() => {}
            None => drop(transaction.create(&key, &self.after)?),
        }
        Ok(())
    }
}

#[async_trait]
impl SeriesStore for Database {
    async fn series(&self, slug: &Slug) -> Result<Option<Series>, Fault> {
        let item = self.table.find(&keys::series(slug)).await?;
        item.map(|item| series(slug, item)).transpose()
    }

    async fn all_series(&self, after: Option<&Slug>) -> Result<(Vec<Series>, bool), Fault> {
        let range = keys::series_after(after);
        let (items, is_more) = self.table.query_some(keys::ALL_SERIES, range, SERIES, MAX_BYTES).await?;
        let all = items.into_iter().filter_map(|item| {
            let slug = key_attribute(&item, "sk").and_then(keys::series_slug)?;
            readable("a series", series(&slug, item)).transpose()
        });
        Ok((all.collect::<Result<_, _>>()?, is_more))
    }

    async fn change_series(&self, before: &Series, after: &Series, now: Timestamp) -> Result<bool, Fault> {
        let (key, counter) = (keys::series(&before.slug), keys::change_counter());
        let mut found = self.table.batch_get(&[key.clone(), counter.clone()]).await?;
        let Some(stored) = found.remove(&key) else { return Ok(false) };
        if series(&before.slug, stored.clone())? != *before {
            return Ok(false);
        }
        let counter = found.remove(&counter).ok_or_else(|| Fault::failed("there is no number of a change"))?;
        let mut change = Transaction::new(&self.table);
        change.replace(&key, &SeriesItem::from(after), &stored)?;
        changes::append(&mut change, &counter, &ChangeItem::new(ChangeKind::SeriesUpdated, 0, 0, now))?;
        let committed = change.commit().await? == TransactionOutcome::Committed;
        if committed {
            self.settling.begin();
        }
        Ok(committed)
    }
}
