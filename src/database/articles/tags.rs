//! Tags: the titles of the lists of their articles.

use async_trait::async_trait;

use crate::business::{Fault, SiteTag, Slug, Tag, TagStore, Timestamp};
use crate::database::Database;
use crate::database::changes::{self, ChangeItem, ChangeKind};
use crate::database::error::readable;
use crate::database::keys::{self, ListName};
use crate::database::lists::List;
use crate::database::table::{Item, Transaction, TransactionOutcome, backoff, key_attribute};

/// How often a tag is named against what else changes at it.
const ATTEMPTS: u32 = 8;

/// How many tags are listed at once.
const TAGS: usize = 1_000;

/// About how many bytes are read for that at most: tags of many articles are longer.
const MAX_BYTES: usize = 4 << 20;

#[async_trait]
impl TagStore for Database {
    async fn tags(&self, after: Option<&Slug>, now: Timestamp) -> Result<(Vec<SiteTag>, bool), Fault> {
        let (roots, is_more) = self.table.query_some(keys::TAGS, keys::tags_after(after), TAGS, MAX_BYTES).await?;
        let tags = roots.into_iter().filter_map(|root| {
            let tag = key_attribute(&root, "sk").and_then(keys::tag)?;
            readable("a tag", site_tag(&tag, root, now)).transpose()
        });
        Ok((tags.collect::<Result<_, _>>()?, is_more))
    }

    async fn tag(&self, tag: &Slug, now: Timestamp) -> Result<Option<SiteTag>, Fault> {
        let root = self.table.find(&keys::list_root(&ListName::Tag(tag.clone()))).await?;
        root.map(|root| site_tag(tag, root, now)).transpose()
    }

    async fn articles_with_tag(&self, tag: &Slug) -> Result<Vec<u64>, Fault> {
        let names = [ListName::Tag(tag.clone()), ListName::HiddenTag(tag.clone())];
        let roots = names.clone().map(|name| keys::list_root(&name));
        let mut found = self.table.batch_get(&roots).await?;
        let lists = names.into_iter().zip(roots).map(|(name, root)| List::new(name, found.remove(&root)));
        let mut lists = lists.collect::<Result<Vec<_>, _>>()?;
        List::load(&self.table, &mut lists, |list| list.tree().missing_between(0..list.tree().len())).await?;
        let mut ids = Vec::new();
        for list in lists {
            ids.extend(list.tree().select(0..list.tree().len())?.iter().map(|entry| entry.id));
        }
        Ok(ids)
    }

    async fn name_tag(&self, name: &Tag, now: Timestamp) -> Result<(), Fault> {
        let (tag, counter) = (ListName::Tag(name.slug()), keys::change_counter());
        let root = keys::list_root(&tag);
        for attempt in 0..ATTEMPTS {
            let mut found = self.table.batch_get(&[root.clone(), counter.clone()]).await?;
            let mut list = match found.remove(&root) {
                Some(root) => List::new(tag.clone(), Some(root))?,
                None => return Ok(()),
            };
            if list.title() == Some(name.as_str()) {
                return Ok(());
            }
            list.set_title(name.as_str());
            let counter = found.remove(&counter).ok_or_else(|| Fault::failed("there is no number of a change"))?;
            let mut naming = Transaction::new(&self.table);
            list.write(&mut naming)?;
            changes::append(&mut naming, &counter, &ChangeItem::new(ChangeKind::TagRenamed, 0, 0, now))?;
            match naming.commit().await? {
                TransactionOutcome::Committed => return Ok(()),
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("a tag changes all the time"))
    }
}

fn site_tag(tag: &Slug, root: Item, now: Timestamp) -> Result<SiteTag, Fault> {
    let list = List::new(ListName::Tag(tag.clone()), Some(root))?;
    let now = now.unix_milliseconds();
    Ok(SiteTag {
        name: list.title().unwrap_or(tag.as_str()).parse().map_err(Fault::failed)?,
        articles: list.tree().rank_now(now),
        changes_at: list.tree().next_upcoming(now).map(Timestamp::from_unix_milliseconds),
    })
}
