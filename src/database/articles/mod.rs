//! Articles as items: what is written when one is published, and how one or a
//! page of them is read.
//!
//! Articles are numbered without gaps twice, over the site and for each author,
//! so that a page of any number is a range of known keys. Every publication
//! moves the site's count from n to n + 1 in its transaction, which puts all of
//! them in one order; whoever comes second tries again from what it reads then.

mod items;
mod publication;

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use self::items::article;
pub(super) use self::items::{AdjacentItem, EntryItem, MetaItem, PartItem, Publications, part, parts};
use self::publication::{published, takes_slug};
use super::content::{self, Content};
use super::error::readable;
use super::keys;
use super::table::{Item, TransactionOutcome, backoff, from_item, key_attribute};
use super::{Database, idempotency};
use crate::business::{
    Adjacent, AdjacentArticles, Article, ArticleStore, Fault, ListError, NamedRequest, NewArticle, Page, PageRequest,
    PublishError, PublishedArticle, Session, Slug, User, Username, memory,
};

/// How often a publication is tried against those of other processes.
const ATTEMPTS: u32 = 12;

/// How long a publication waits for those of this process before it.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(10);

/// How often what cannot be read is read again: it may be a publication half way, of which an
/// engine shows one item after the other.
const READ_AGAIN: u32 = 2;

/// What was found of a page of articles.
struct FoundArticles {
    /// Those that can be read.
    articles: Vec<Article>,
    /// How many are not there, or not whole: a publication may be half way.
    missing: usize,
}

#[async_trait]
impl ArticleStore for Database {
    async fn publish(
        &self,
        article: NewArticle,
        author: &Session,
        request: Option<&NamedRequest>,
    ) -> Result<PublishedArticle, PublishError> {
        let content = Content {
            created_at: article.created_at.to_string(),
            updated_at: article.created_at.to_string(),
            title: article.title.to_string(),
            body: article.body,
            html: article.rendered.html,
            meta_description: article.meta_description,
            table_of_contents: article.rendered.table_of_contents,
            featured_image: article.featured_image,
            renderer: article.rendered.renderer,
        };
        let (content, packed) = content::pack_off_thread(content).await?;
        let packed = packed.ok_or(PublishError::TooLarge)?;
        let _guard = timeout(PUBLISH_TIMEOUT, self.publishing.lock()).await.map_err(Fault::busy)?;
        let mut taken = 0;
        for attempt in 0..ATTEMPTS {
            let mut state = self.publication_state(&article.slug, author).await?;
            if state.number <= taken {
                state.number = self.first_free_number(&article.slug, taken + 1).await?;
            }
            let slug = article.slug.numbered(state.number);
            let mut publication = self.publication(&state, &article.slug, &slug, &content.title, &packed)?;
            let record = idempotency::record(&mut publication, request, slug.as_str())?;
            match publication.commit().await? {
                TransactionOutcome::Committed => return published(state, slug, content),
                TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                    return Err(PublishError::Done);
                }
                // An article of another title has the slug, such as "X 2".
                TransactionOutcome::ConditionsFailed(actions)
                    if actions.iter().any(|action| takes_slug(*action, &packed)) =>
                {
                    taken = state.number;
                }
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many publications at once").into())
    }

    async fn article(&self, slug: &Slug) -> Result<Option<PublishedArticle>, Fault> {
        for attempt in 0.. {
            match self.read_article(slug).await {
                Err(Fault::Failed(_)) if attempt < READ_AGAIN => backoff(attempt).await,
                read => return read,
            }
        }
        unreachable!("the loop has no end")
    }

    async fn articles_of(
        &self,
        username: &Username,
        request: PageRequest,
    ) -> Result<Option<(Page<Article>, User)>, ListError> {
        let Some(profile) = self.profile(username).await? else { return Ok(None) };
        let Some(positions) = request.positions(profile.articles) else { return Ok(None) };
        let author = User::try_from(profile.user)?;
        for attempt in 0.. {
            let found = self.articles_between(username, positions.clone()).await?;
            if found.missing == 0 || attempt == READ_AGAIN {
                if found.missing > 0 {
                    tracing::error!(%username, missing = found.missing, "articles in a list are not there");
                }
                let unreadable = positions.count() - found.articles.len();
                let page = Page { items: found.articles, total: profile.articles, request, unreadable };
                return Ok(Some((page, author)));
            }
            backoff(attempt).await;
        }
        unreachable!("the loop has no end")
    }
}
impl Database {
    async fn read_article(&self, slug: &Slug) -> Result<Option<PublishedArticle>, Fault> {
        let items = self.table.query(&keys::article_partition(slug), None, usize::MAX).await?.unwrap_or_default();
        let is_meta = |item: &Item| key_attribute(item, "sk").is_some_and(keys::is_article_meta);
        let (mut metas, others): (Vec<_>, Vec<_>) = items.into_iter().partition(is_meta);
        let Some(meta) = metas.pop() else { return Ok(None) };
        let meta: MetaItem = from_item(meta)?;
        let parts = parts(others)?;
        let adjacent = AdjacentArticles {
            next: meta.next.map(Adjacent::try_from).transpose()?,
            prev: meta.prev.map(Adjacent::try_from).transpose()?,
        };
        let article = article(meta.id, slug.clone(), content::unpack_reserving(&parts).await?.0)?;
        Ok(Some(PublishedArticle { article, author: meta.author.try_into()?, adjacent }))
    }

    /// The articles of an author at these positions that can be read, the newest first.
    async fn articles_between(
        &self,
        username: &Username,
        positions: RangeInclusive<u64>,
    ) -> Result<FoundArticles, ListError> {
        let (entries, mut missing) = self.entries_between(username, positions).await?;
        let bytes = entries.iter().map(|(entry, _)| entry.bytes).sum();
        if bytes > memory::max_response_bytes() {
            return Err(ListError::TooLarge);
        }
        content::reserve(bytes)?;
        let parts = |(entry, slug): &(EntryItem, Slug)| {
            let slug = slug.clone();
            (0..entry.parts).map(move |part| keys::article_part(&slug, part))
        };
        let all_parts: Vec<_> = entries.iter().flat_map(parts).collect();
        let mut found = self.table.batch_get_readable(&all_parts).await?;
        let mut listed = Vec::with_capacity(entries.len());
        let mut documents = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(document) = parts(&entry).map(|key| found.remove(&key)).collect::<Option<Vec<_>>>() else {
                missing += 1;
                continue;
            };
            let document = document.into_iter().map(part).collect::<Result<Vec<_>, _>>();
            if let Some(document) = readable(entry.1.as_str(), document)? {
                documents.push(document);
                listed.push(entry);
            }
        }
        let contents = content::unpack_all(&documents, bytes).await?;
        let articles = listed.into_iter().zip(contents).filter_map(|((entry, slug), content)| {
            let read = content.and_then(|content| article(entry.id, slug.clone(), content));
            readable(slug.as_str(), read).transpose()
        });
        Ok(FoundArticles { articles: articles.collect::<Result<_, _>>()?, missing })
    }

    /// The entries of an author's list at these positions that can be read, the newest first, and
    /// how many are not there.
    async fn entries_between(
        &self,
        username: &Username,
        positions: RangeInclusive<u64>,
    ) -> Result<(Vec<(EntryItem, Slug)>, usize), Fault> {
        let keys: Vec<_> = positions.map(|position| keys::user_article(username, position)).collect();
        let items = self.table.query_keys(&keys, usize::MAX).await?.unwrap_or_default();
        let entry = |item| {
            let entry: EntryItem = from_item(item)?;
            let slug = entry.slug.parse().map_err(Fault::failed)?;
            Ok((entry, slug))
        };
        let missing = keys.len() - items.len();
        let entries = items.into_iter().rev().filter_map(|item| readable("entry", entry(item)).transpose());
        Ok((entries.collect::<Result<_, _>>()?, missing))
    }
}
