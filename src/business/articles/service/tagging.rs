//! The tags of the site.

use std::time::{Duration, Instant};

use super::Articles;
use crate::business::articles::article::Head;
use crate::business::articles::error::ArticleError;
use crate::business::articles::slug::Slug;
use crate::business::articles::store::{ArticleChange, ChangeError, Save, SlugChange};
use crate::business::articles::tags::{SiteTag, SiteTags, Tag};
use crate::business::{Fault, Limit, Session, Subject};

/// How often an article is given another tag, as it is another by now.
const ATTEMPTS: u32 = 16;

/// How long a request renames before it is to be sent again: gateways wait no longer than half a minute.
const RENAMING: Duration = Duration::from_secs(20);

impl Articles {
    /// The tags that readers are shown articles of, by their names in URLs, from after one on.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn tags(&self, after: Option<&Slug>) -> Result<SiteTags, Fault> {
        let (mut tags, is_more) = self.tags.tags(after, self.clock.now()).await?;
        let next = tags.last().filter(|_| is_more).map(|tag| tag.name.slug());
        let changes_at = tags.iter().filter_map(|tag| tag.changes_at).min();
        tags.retain(|tag| tag.articles > 0);
        Ok(SiteTags { tags, changes_at, next })
    }

    /// Gives a tag another name, in all articles; together with those of another tag, if that is its name. A
    /// renaming that broke off goes on when it is asked for again.
    ///
    /// # Errors
    /// [`ArticleError::NotOwner`], [`ArticleError::NoTag`].
    pub async fn rename_tag(&self, owner: &Session, tag: &Slug, name: &Tag) -> Result<SiteTag, ArticleError> {
        if !owner.is_owner() {
            return Err(ArticleError::NotOwner);
        }
        self.limits.take(Limit::ChangeQuota, Subject::User(owner.user_id)).await?;
        let articles = self.tags.articles_with_tag(tag).await?;
        if articles.is_empty() {
            return Err(ArticleError::NoTag);
        }
        self.tags.name_tag(name, self.clock.now()).await?;
        let begun = Instant::now();
        for id in articles {
            if begun.elapsed() > RENAMING {
                // Whoever asks again goes on with the others.
                return Err(Fault::busy("a tag of many articles is renamed").into());
            }
            self.rename_in_article(id, tag, name).await?;
        }
        let found = self.tags.tag(&name.slug(), self.clock.now()).await?;
        Ok(found.unwrap_or_else(|| SiteTag { name: name.clone(), articles: 0, changes_at: None }))
    }

    async fn rename_in_article(&self, id: u64, tag: &Slug, name: &Tag) -> Result<(), ArticleError> {
        for _ in 0..ATTEMPTS {
            let Some(before) = self.store.head_of_id(id).await? else { return Ok(()) };
            let tags = renamed(&before, tag, name);
            if tags == before.tags {
                return Ok(());
            }
            // Who has read what it was must not bring the old name back by what they save.
            let after = Head { tags, version: before.version + 1, ..before.clone() };
            let wanted = after.slug.clone();
            let change = ArticleChange {
                before,
                after,
                slug: SlugChange::Stays,
                text: None,
                series_title: None,
                save: Some(Save::Amends),
            };
            match self.store.change_article(change, self.clock.now()).await {
                Ok(_) => return Ok(()),
                Err(ChangeError::Changed) => {}
                Err(error) => return Err(ArticleError::of(error, &wanted)),
            }
        }
        Err(Fault::busy("an article changes all the time").into())
    }
}

/// The tags of an article with another name for one of them.
fn renamed(head: &Head, tag: &Slug, name: &Tag) -> Vec<Tag> {
    let (slug, mut tags) = (name.slug(), Vec::new());
    for other in &head.tags {
        let is_named = other.slug() == *tag || other.slug() == slug;
        let other = if is_named { name } else { other };
        // One that had both has one.
        if !tags.contains(other) {
            tags.push(other.clone());
        }
    }
    if head.tags.iter().any(|other| other.slug() == *tag) { tags } else { head.tags.clone() }
}
