//! Articles as items: what is written when one is made or changed, and how one or a
//! page of them is read.
//!
//! What an article is stands under its number, where lists find it, and again under its slug,
//! where readers do; its text stands elsewhere, and is never changed. A change writes the text
//! first, which nobody sees yet. Then one transaction makes it what the article says, with
//! everything that changes with it: the lists, the neighbours' links, the log of changes. All
//! that was read for it must still be as it was; whoever comes second tries again from what it
//! reads then.

mod items;
#[cfg(test)]
mod model;
mod reading;
mod state;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

pub(super) use self::items::{HeadItem, LinkItem, SlugItem};
use self::state::{ChangeState, Transition};
use self::write::write;
use super::content::{self, ContentAddress};
use super::table::backoff;
use super::{Database, idempotency, keys};
use crate::business::{
    ArticleChange, ArticleList, ArticleStore, ArticleWithAuthor, Author, ChangeError, Clock, Fault, Found, Head,
    ListError, Listing, NamedRequest, NewArticle, Pages, Part, PublishError, Session, Slug, SlugChange, Text,
    Timestamp,
};
use crate::database::table::TransactionOutcome;

/// How often a change is tried against those of other processes.
const ATTEMPTS: u32 = 12;

/// How long a change waits for those of this process before it.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often what cannot be read is read again: it may be a change half way, of which one item is
/// read from before it and another from after it.
const READ_AGAIN: u32 = 4;

#[async_trait]
impl ArticleStore for Database {
    async fn create_article(
        &self,
        article: NewArticle,
        author: &Session,
        request: Option<&NamedRequest>,
        clock: &dyn Clock,
    ) -> Result<ArticleWithAuthor, PublishError> {
        let NewArticle { state, title, slug, slug_stays, meta_description, featured_image, text } = article;
        let has_body = !text.body.trim().is_empty();
        let (text, address) = self.store(text).await?.ok_or(PublishError::TooLarge)?;
        let (meta_description, featured_image) = (meta_description.into(), featured_image.map(Into::into));
        let base = Head {
            id: 0,
            version: 1,
            author: Author::from(author),
            created_at: clock.now(),
            updated_at: clock.now(),
            state: state.at(clock.now()),
            deleted_at: None,
            title,
            slug,
            slug_stays,
            meta_description,
            featured_image,
            has_body,
        };
        let _guard = timeout(CHANGE_TIMEOUT, self.changing.lock()).await.map_err(Fault::busy)?;
        let mut taken = 0;
        for attempt in 0..ATTEMPTS {
            // Whoever comes after another is published after it.
            let now = clock.now();
            let after = Head { created_at: now, updated_at: now, state: state.at(now), ..base.clone() };
            let transition =
                Transition { before: None, after, slug: SlugChange::FollowsTitle, content: Some(address.clone()) };
            let state = match self.change_state(&transition, taken, now).await {
                Err(ChangeError::Fault(Fault::Failed(_))) if attempt < READ_AGAIN => {
                    backoff(attempt).await;
                    continue;
                }
                Err(ChangeError::Fault(fault)) => return Err(fault.into()),
                Err(ChangeError::UnknownAuthor) => return Err(PublishError::UnknownAuthor),
                Err(error) => return Err(Fault::failed(error).into()),
                Ok(state) => state,
            };
            let (mut transaction, written) = write(&self.table, &transition, state, now)?;
            let record = idempotency::record(&mut transaction, request, &written.head.id.to_string())?;
            match transaction.commit().await? {
                TransactionOutcome::Committed => return Ok(written.with(text)?),
                TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                    return Err(PublishError::Done);
                }
                // An article of another title has the slug, such as "X 2".
                TransactionOutcome::ConditionsFailed(failed) if failed.contains(&write::SLUG) => {
                    taken = written.number;
                }
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many changes at once").into())
    }

    async fn change_article(&self, change: ArticleChange, now: Timestamp) -> Result<ArticleWithAuthor, ChangeError> {
        let ArticleChange { before, after, slug, text } = change;
        let (text, content) = match text {
            Some(text) => {
                let (text, address) = self.store(text).await?.ok_or(ChangeError::TooLarge)?;
                (Some(text), Some(address))
            }
            None => (None, None),
        };
        let _guard = timeout(CHANGE_TIMEOUT, self.changing.lock()).await.map_err(Fault::busy)?;
        let transition = Transition { before: Some(before), after, slug, content };
        let mut taken = 0;
        for attempt in 0..ATTEMPTS {
            let state = match self.change_state(&transition, taken, now).await {
                Err(ChangeError::Fault(Fault::Failed(_))) if attempt < READ_AGAIN => {
                    backoff(attempt).await;
                    continue;
                }
                state => state?,
            };
            let text = match &text {
                Some(text) => text.clone(),
                None => self.text_of(&state).await?,
            };
            let (transaction, written) = write(&self.table, &transition, state, now)?;
            match transaction.commit().await? {
                TransactionOutcome::Committed => return Ok(written.with(text)?),
                TransactionOutcome::ConditionsFailed(failed) if written.number > 0 && failed.contains(&write::SLUG) => {
                    taken = written.number;
                }
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many changes at once").into())
    }

    async fn head(&self, slug: &Slug) -> Result<Option<Found<Head>>, Fault> {
        let Some(found) = self.table.get::<SlugItem>(&keys::slug(slug)).await? else { return Ok(None) };
        match found.head {
            Some(head) => head.head().map(Found::Article).map(Some),
            None => self.moved(found.id).await,
        }
    }

    async fn article(&self, slug: &Slug) -> Result<Option<Found<ArticleWithAuthor>>, Fault> {
        for attempt in 0.. {
            match self.read_article(slug).await {
                Err(Fault::Failed(_)) if attempt < READ_AGAIN => backoff(attempt).await,
                read => return read,
            }
        }
        unreachable!("the loop has no end")
    }

    async fn article_of_id(&self, id: u64) -> Result<Option<ArticleWithAuthor>, Fault> {
        for _ in 0..READ_AGAIN {
            let Some(head) = self.table.get::<HeadItem>(&keys::article(id)).await? else { return Ok(None) };
            if let Some(Found::Article(found)) = self.article(&head.slug()?).await? {
                return Ok(Some(found));
            }
        }
        Err(Fault::failed(format!("article {id} is not found by its slug")))
    }

    async fn list(
        &self,
        list: &ArticleList,
        part: Part,
        pages: Pages,
        now: Timestamp,
    ) -> Result<Option<Listing>, ListError> {
        for attempt in 0.. {
            match self.read_list(list, part, pages, now).await {
                Err(ListError::Fault(Fault::Failed(_))) if attempt < READ_AGAIN => backoff(attempt).await,
                Ok(Some(listing)) if listing.page.unreadable > 0 && attempt < READ_AGAIN => backoff(attempt).await,
                read => return read,
            }
        }
        unreachable!("the loop has no end")
    }
}

impl Database {
    /// Stores a text that nobody sees yet, and hands it back; none if it is too large.
    async fn store(&self, text: Text) -> Result<Option<(Text, ContentAddress)>, Fault> {
        let (text, packed) = content::pack_off_thread(text).await?;
        let Some(packed) = packed else { return Ok(None) };
        let address = self.store_text(&packed).await?;
        Ok(Some((text, address)))
    }

    /// What an article says before it is changed.
    async fn text_of(&self, state: &ChangeState) -> Result<Text, Fault> {
        let missing = || Fault::failed("the text of an article is not there");
        let content = state.content().ok_or_else(missing)?;
        self.texts_at(&[content]).await?.pop().flatten().ok_or_else(missing)
    }
}
