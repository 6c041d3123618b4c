//! Articles as items: what is written when one is made or changed, and how one or a
//! page of them is read.
//!
//! What an article is stands under its number, where lists find it, and again under its slug,
//! where readers do; its text stands elsewhere, and is never changed. A change writes the text
//! first, which nobody sees yet. Then one transaction makes it what the article says, with
//! everything that changes with it: the lists, the neighbours' links, the log of changes. All
//! that was read for it must still be as it was; whoever comes second tries again from what it
//! reads then.

mod bin;
mod items;
#[cfg(test)]
mod model;
mod previews;
mod reading;
mod revisions;
mod series;
mod settling;
mod state;
mod tags;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

pub(super) use self::items::{HeadItem, LinkItem, MovedItem, SlugItem};
pub(super) use self::revisions::RevisionItem;
pub(super) use self::series::{PartItem, SeriesItem};
pub(super) use self::settling::Settling;
use self::state::Transition;
use self::write::write;
use super::content::{self, ContentAddress};
use super::table::backoff;
use super::{Database, idempotency, keys};
use crate::business::{
    ArticleChange, ArticleList, ArticleStore, ArticleWithAuthor, Author, ChangeError, Clock, Fault, Found, Head,
    ListError, Listing, NamedRequest, NewArticle, Save, SavedText, Selection, SeriesTitle, Session, Slug, SlugChange,
    Text, Timestamp,
};
use crate::database::table::TransactionOutcome;

/// How often a change is tried against those of other processes.
const ATTEMPTS: u32 = 16;

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
    ) -> Result<ArticleWithAuthor, ChangeError> {
        let NewArticle { state, title, slug, slug_stays, meta_description, featured_image, tags, series, text } =
            article;
        let SavedText { text, summary } = text;
        let (meta_description, featured_image) = (meta_description.into(), featured_image.map(Into::into));
        let has_body = !text.body.trim().is_empty();
        let (text, content) = self.store(text).await?;
        // Whoever comes after another is published after it.
        let transition = || {
            let now = clock.now();
            let after = Head {
                id: 0,
                version: 1,
                revision: 1,
                author: Author::from(author),
                created_at: now,
                updated_at: now,
                state: state.at(now),
                deleted_at: None,
                title: title.clone(),
                slug: slug.clone(),
                slug_stays,
                meta_description: String::clone(&meta_description),
                featured_image: featured_image.clone(),
                tags: tags.clone(),
                series: series.as_ref().map(SeriesTitle::slug),
                has_body,
                summary: summary.clone(),
            };
            Transition {
                before: None,
                after,
                slug: SlugChange::FollowsTitle,
                content: Some(content.clone()),
                series_title: series.clone(),
                save: Some(Save::Keeps),
                now,
            }
        };
        let committed = self.commit(transition, Some(&text), request).await;
        self.remove_unused(&committed, Some(&content)).await;
        committed.map(|committed| committed.article)
    }

    async fn change_article(&self, change: ArticleChange, now: Timestamp) -> Result<ArticleWithAuthor, ChangeError> {
        let ArticleChange { before, after, slug, text, series_title, save } = change;
        let (text, content) = match text {
            Some(text) => self.store(text).await.map(|(text, content)| (Some(text), Some(content)))?,
            None => (None, None),
        };
        let transition = || Transition {
            before: Some(before.clone()),
            after: after.clone(),
            slug,
            content: content.clone(),
            series_title: series_title.clone(),
            save,
            now,
        };
        let committed = self.commit(transition, text.as_ref(), None).await;
        self.remove_unused(&committed, content.as_ref()).await;
        committed.map(|committed| committed.article)
    }

    async fn head(&self, slug: &Slug) -> Result<Option<Found<Head>>, Fault> {
        let Some(found) = self.table.get::<SlugItem>(&keys::slug(slug)).await? else { return Ok(None) };
        match found.head {
            Some(head) => head.head().map(Found::Article).map(Some),
            None => self.moved(found.id).await,
        }
    }

    async fn head_of_id(&self, id: u64) -> Result<Option<Head>, Fault> {
        let head: Option<HeadItem> = self.table.get(&keys::article(id)).await?;
        head.map(|head| head.head()).transpose()
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
        selection: Selection,
        now: Timestamp,
    ) -> Result<Option<Listing>, ListError> {
        for attempt in 0.. {
            match self.read_list(list, selection, now).await {
                Err(ListError::Fault(Fault::Failed(_))) if attempt < READ_AGAIN => backoff(attempt).await,
                Ok(Some(listing)) if listing.page.unreadable > 0 && attempt < READ_AGAIN => backoff(attempt).await,
                read => return read,
            }
        }
        unreachable!("the loop has no end")
    }
}

/// What was committed.
struct Committed {
    article: ArticleWithAuthor,
    /// The texts that nothing leads to any more.
    unused: Vec<ContentAddress>,
}

impl Database {
    /// Commits what is to become of an article, when those of this process before it are done. The text,
    /// if that is another, is stored already.
    async fn commit(
        &self,
        transition: impl Fn() -> Transition + Send,
        text: Option<&Text>,
        request: Option<&NamedRequest>,
    ) -> Result<Committed, ChangeError> {
        let _guard = timeout(CHANGE_TIMEOUT, self.changing.lock()).await.map_err(Fault::busy)?;
        let mut copy = None;
        // Boxed, as it holds everything that a change is about.
        let committed = Box::pin(self.try_to_commit(transition, text, &mut copy, request)).await;
        match &committed {
            // It may be the one that the article has.
            Ok(_) | Err(ChangeError::Fault(Fault::Unknown(_))) => {}
            Err(_) => self.remove_texts(copy.as_ref()).await,
        }
        committed
    }

    async fn try_to_commit(
        &self,
        transition: impl Fn() -> Transition + Send,
        text: Option<&Text>,
        copy: &mut Option<ContentAddress>,
        request: Option<&NamedRequest>,
    ) -> Result<Committed, ChangeError> {
        let (mut taken, mut unreadable) = (0, 0);
        for attempt in 0..ATTEMPTS {
            let transition = transition();
            let state = match self.change_state(&transition, taken).await {
                Err(ChangeError::Fault(Fault::Failed(_))) if unreadable < READ_AGAIN => {
                    unreadable += 1;
                    backoff(attempt).await;
                    continue;
                }
                state => state?,
            };
            let text = match (text, state.content()) {
                (Some(text), _) => text.clone(),
                (None, Some(before)) => self.text_at(before).await?,
                (None, None) => return Err(Fault::failed("a new article without a text").into()),
            };
            if transition.content.is_none() && state.begins_revision() && copy.is_none() {
                // Every revision has a text of its own, so that it can be removed with it.
                *copy = Some(self.store(text.clone()).await?.1);
            }
            let copied = copy.as_ref().filter(|_| state.begins_revision());
            let (mut transaction, written) = write(&self.table, &transition, state, (&text, copied))?;
            let record = idempotency::record(&mut transaction, request, &written.head.id.to_string())?;
            let (number, unused, changes_series) = (written.number, written.unused.clone(), written.changes_series);
            // Before it is committed: what fails after that would be taken for not done.
            let committed = Committed { article: written.with(text)?, unused };
            match transaction.commit().await? {
                TransactionOutcome::Committed => {
                    if changes_series {
                        self.settling.begin();
                    }
                    return Ok(committed);
                }
                TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                    return Err(ChangeError::Done);
                }
                // An article of another title has the slug, such as "X 2".
                TransactionOutcome::ConditionsFailed(failed) if number > 0 && failed.contains(&write::SLUG) => {
                    taken = number;
                    if attempt > 0 {
                        // Others make articles of the same title at once.
                        backoff(attempt).await;
                    }
                }
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many changes at once").into())
    }

    /// Stores a text that nobody sees yet, and hands it back.
    async fn store(&self, text: Text) -> Result<(Text, ContentAddress), ChangeError> {
        let (text, packed) = content::pack_off_thread(text).await?;
        let address = self.store_text(&packed.ok_or(ChangeError::TooLarge)?).await?;
        Ok((text, address))
    }

    async fn text_at(&self, address: &ContentAddress) -> Result<Text, Fault> {
        let text = self.texts_at(&[address]).await?.pop().flatten();
        text.ok_or_else(|| Fault::failed("the text of an article is not there"))
    }

    /// Removes texts that nothing leads to any more: those of before, or the one that was stored for
    /// nothing. Left, they do no harm, so whether that succeeds is no matter.
    async fn remove_unused(&self, committed: &Result<Committed, ChangeError>, stored: Option<&ContentAddress>) {
        let unused: Vec<_> = match committed {
            Ok(committed) => committed.unused.iter().collect(),
            // It may be the one that the article has.
            Err(ChangeError::Fault(Fault::Unknown(_))) => Vec::new(),
            Err(_) => stored.into_iter().collect(),
        };
        self.remove_texts(unused).await;
    }

    async fn remove_texts(&self, unused: impl IntoIterator<Item = &ContentAddress>) {
        for unused in unused {
            let _ = self.remove_text(unused).await;
        }
    }
}
