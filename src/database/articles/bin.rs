//! Removing for good what was deleted.

use std::collections::HashMap;

use async_trait::async_trait;
use tokio::time::timeout;

use super::items::{HeadItem, MovedItem, SlugItem};
use super::revisions::RevisionItem;
use super::series::SeriesChange;
use super::{ATTEMPTS, CHANGE_TIMEOUT};
use crate::business::{BinStore, Fault, Head, PreviewStore, Timestamp};
use crate::database::Database;
use crate::database::keys::{self, Key, ListName};
use crate::database::lists::List;
use crate::database::table::{Item, Transaction, TransactionOutcome, backoff, from_item, key_attribute};

#[async_trait]
impl BinStore for Database {
    async fn deleted_by(&self, time: Timestamp, limit: u32) -> Result<Vec<u64>, Fault> {
        let Some(root) = self.table.find(&keys::list_root(&ListName::AllBins)).await? else { return Ok(Vec::new()) };
        let mut lists = [List::new(ListName::AllBins, Some(root))?];
        List::load(&self.table, &mut lists, |list| list.tree().missing_between(0..limit.into())).await?;
        let entries = lists[0].tree().select(0..limit.into())?;
        Ok(entries.iter().filter(|entry| entry.at <= time.unix_milliseconds()).map(|entry| entry.id).collect())
    }

    async fn remove_article(&self, id: u64, deleted_by: Timestamp) -> Result<bool, Fault> {
        let _guard = timeout(CHANGE_TIMEOUT, self.changing.lock()).await.map_err(Fault::busy)?;
        for attempt in 0..ATTEMPTS {
            let Some(item) = self.table.find(&keys::article(id)).await? else { return Ok(false) };
            let head: HeadItem = from_item(item.clone())?;
            if head.head()?.deleted_at.is_none_or(|deleted_at| deleted_at > deleted_by) {
                return Ok(false);
            }
            self.remove_moved(id).await?;
            self.remove_revisions(&head).await?;
            for link in self.preview_links(id, Timestamp::from_unix_seconds(0)).await? {
                self.remove_preview_link(id, &link.id).await?;
            }
            match self.removal(&head, &item).await?.commit().await? {
                TransactionOutcome::Committed => {
                    // Left, it does no harm, so whether that succeeds is no matter.
                    let _ = self.remove_text(&head.content).await;
                    return Ok(true);
                }
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many changes at once"))
    }
}

impl Database {
    /// The slugs that an article had are free again, unless others have them.
    async fn remove_moved(&self, id: u64) -> Result<(), Fault> {
        let partition = keys::article(id).pk;
        let items = self.table.query(&partition, None, usize::MAX).await?.unwrap_or_default();
        for record in items.into_iter().filter(|item| key_attribute(item, "sk").is_some_and(keys::is_moved)) {
            let sk = key_attribute(&record, "sk").unwrap_or_default().to_owned();
            let key = Key { pk: partition.clone(), sk };
            let MovedItem { slug } = from_item(record.clone())?;
            let slug = keys::slug(&slug.parse().map_err(Fault::failed)?);
            let found = self.table.find(&slug).await?;
            let mut removal = Transaction::new(&self.table);
            removal.remove(&key, &record)?;
            if let Some(found) = found {
                let leads_here: SlugItem = from_item(found.clone())?;
                if leads_here.id == id && leads_here.head.is_none() {
                    removal.remove(&slug, &found)?;
                }
            }
            if removal.commit().await? != TransactionOutcome::Committed {
                return Err(Fault::busy("somebody asks for the slug of an article that is removed"));
            }
        }
        Ok(())
    }

    /// What it was before, but for what it is.
    async fn remove_revisions(&self, head: &HeadItem) -> Result<(), Fault> {
        let partition = keys::article(head.id).pk;
        let items = self.table.query(&partition, None, usize::MAX).await?.unwrap_or_default();
        for item in items.into_iter().filter(|item| key_attribute(item, "sk").is_some_and(keys::is_revision)) {
            let revision: RevisionItem = from_item(item)?;
            if revision.content != head.content {
                self.remove_text(&revision.content).await?;
            }
            self.table.delete(&keys::revision(head.id, revision.revision)).await?;
        }
        Ok(())
    }

    /// Everything else that goes with a deleted article.
    async fn removal(&self, head: &HeadItem, item: &Item) -> Result<Transaction<'_>, Fault> {
        let slug = keys::slug(&head.slug()?);
        let places = head.places()?;
        let roots: Vec<Key> = places.iter().map(|(list, _)| keys::list_root(list)).collect();
        let series = head.head()?.series;
        let series_key = series.as_ref().map(keys::series);
        let keys: Vec<Key> = roots.iter().cloned().chain([slug.clone()]).chain(series_key.clone()).collect();
        let mut found = self.table.batch_get(&keys).await?;
        let mut removal = Transaction::new(&self.table);
        removal.remove(&keys::article(head.id), item)?;
        if let Some(found) = found.remove(&slug) {
            removal.remove(&slug, &found)?;
        }
        if let Some((series, key)) = series.zip(series_key) {
            let gone = Head { series: None, ..head.head()? };
            let change = SeriesChange::new(&series, found.remove(&key), &gone, None);
            change.map_err(Fault::failed)?.write(&mut removal)?;
        }
        let lists = places.iter().zip(roots).map(|((list, _), root)| List::new(list.clone(), found.remove(&root)));
        let mut lists = lists.collect::<Result<Vec<_>, _>>()?;
        let entries: HashMap<String, _> = places.iter().map(|(list, entry)| (list.to_string(), *entry)).collect();
        let entry = |list: &List| entries[&list.name().to_string()];
        List::load(&self.table, &mut lists, |list| list.tree().missing_for(entry(list))).await?;
        for mut list in lists {
            let entry = entry(&list);
            // Times that are still to come are in no bin.
            if !list.tree_mut().remove(entry, i64::MIN)? {
                return Err(Fault::failed(format!("article {} is not in list {}", head.id, list.name())));
            }
            list.write(&mut removal)?;
        }
        Ok(removal)
    }
}
