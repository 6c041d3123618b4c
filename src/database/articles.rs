//! Articles as items: what is written when one is published, and how one or a
//! page of them is read.
//!
//! Articles are numbered without gaps twice, over the site and for each author,
//! so that a page of any number is a range of known keys. Every publication
//! moves the site's count from n to n + 1 in its transaction, which puts all of
//! them in one order; whoever comes second tries again from what it reads then.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::accounts::{ProfileItem, UserItem};
use super::content::{self, Content, Packed};
use super::error::readable;
use super::keys::{self, Key};
use super::table::{Change, Item, Transaction, TransactionOutcome, backoff, from_item, key_attribute, number, to_item};
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

/// How many slugs are looked up at once to find a free one.
const SLUGS: u64 = 100;

/// The site's count of articles.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct Publications {
    /// How many were published.
    pub(super) articles: u64,
    pub(super) latest: Option<AdjacentItem>,
    /// How many of them are known to be lost.
    #[serde(default)]
    pub(super) lost: u64,
}

#[derive(Serialize, Deserialize, Clone)]
pub(super) struct AdjacentItem {
    pub(super) title: String,
    pub(super) slug: String,
}

/// What stands around an article.
#[derive(Serialize, Deserialize)]
pub(super) struct MetaItem {
    pub(super) id: u64,
    pub(super) author: UserItem,
    pub(super) prev: Option<AdjacentItem>,
    pub(super) next: Option<AdjacentItem>,
}

/// A part of what an article says.
#[derive(Serialize, Deserialize)]
struct PartItem {
    #[serde(with = "serde_bytes")]
    content: Vec<u8>,
}

/// An article in its author's list.
#[derive(Serialize, Deserialize)]
pub(super) struct EntryItem {
    pub(super) id: u64,
    pub(super) slug: String,
    pub(super) parts: usize,
    /// Of the article, uncompressed.
    pub(super) bytes: usize,
}

#[derive(Serialize, Deserialize)]
struct SlugCounter {
    last: u64,
}

impl TryFrom<AdjacentItem> for Adjacent {
    type Error = Fault;

    fn try_from(item: AdjacentItem) -> Result<Self, Fault> {
        Ok(Self { title: item.title, slug: item.slug.parse().map_err(Fault::failed)? })
    }
}

/// What a publication is based on, and fails to commit if another has changed it.
struct PublicationState {
    publications: Publications,
    author: User,
    /// How many articles the author has.
    articles: u64,
    /// 1 if the slug is free, otherwise the number that the next article of it gets.
    number: u64,
}

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
    /// What the site, the author and the slug are before a publication.
    async fn publication_state(&self, slug: &Slug, author: &Session) -> Result<PublicationState, PublishError> {
        let site = keys::publications();
        let profile = keys::profile(&author.username);
        let first = keys::article_meta(slug);
        let numbers = keys::slug_counter(slug);
        let keys = [site.clone(), profile.clone(), first.clone(), numbers.clone()];
        let mut found = self.table.batch_get(&keys).await?;
        let publications: Publications = found.remove(&site).map(from_item).transpose()?.unwrap_or_default();
        let profile: ProfileItem = from_item(found.remove(&profile).ok_or(PublishError::UnknownAuthor)?)?;
        if publications.articles < profile.articles {
            return Err(Fault::failed("an author has more articles than the site: run `check --repair`").into());
        }
        let user = User::try_from(profile.user)?;
        if user.id != author.user_id {
            return Err(PublishError::UnknownAuthor);
        }
        let numbers: Option<SlugCounter> = found.remove(&numbers).map(from_item).transpose()?;
        let number = match numbers {
            Some(numbers) => numbers.last + 1,
            None if found.contains_key(&first) => 2,
            None => 1,
        };
        Ok(PublicationState { publications, author: user, articles: profile.articles, number })
    }

    /// The first number from `from` that no article has with `slug`.
    async fn first_free_number(&self, slug: &Slug, from: u64) -> Result<u64, Fault> {
        let mut from = from;
        loop {
            let candidates: Vec<Key> =
                (from..from + SLUGS).map(|number| keys::article_meta(&slug.numbered(number))).collect();
            let found = self.table.batch_get(&candidates).await?;
            if let Some(free) = candidates.iter().position(|key| !found.contains_key(key)) {
                return Ok(from + free as u64);
            }
            from += SLUGS;
        }
    }

    /// Everything that changes when an article is published. The first actions [take the
    /// slug](takes_slug).
    fn publication(
        &self,
        state: &PublicationState,
        base: &Slug,
        slug: &Slug,
        title: &str,
        packed: &Packed,
    ) -> Result<Transaction<'_>, Fault> {
        let id = state.publications.articles + 1;
        let position = state.articles + 1;
        let username = &state.author.username;
        let latest = AdjacentItem { title: title.to_owned(), slug: slug.to_string() };
        let prev = state.publications.latest.clone();
        let meta = MetaItem { id, author: (&state.author).into(), prev: prev.clone(), next: None };
        let entry = EntryItem { id, slug: slug.to_string(), parts: packed.parts.len(), bytes: packed.bytes };
        let mut publication = Transaction::new(&self.table);
        publication.create(&keys::article_meta(slug), &meta)?;
        for (part, content) in packed.parts.iter().enumerate() {
            // Parts that are there are of an article whose other items are lost.
            publication.create(&keys::article_part(slug, part), &PartItem { content: content.clone() })?;
        }
        if id > 1 {
            publication.update(&keys::publications(), site_count(id, prev.as_ref(), &latest)?)?;
        } else {
            let first = Publications { articles: id, latest: Some(latest.clone()), lost: 0 };
            publication.create(&keys::publications(), &first)?;
        }
        publication.update(&keys::profile(username), author_count(state))?;
        publication.create(&keys::user_article(username, position), &entry)?;
        if let Some(prev) = prev {
            let prev: Slug = prev.slug.parse().map_err(Fault::failed)?;
            let next = Change::default().set("next", AttributeValue::Null(true), AttributeValue::M(to_item(&latest)?));
            publication.update(&keys::article_meta(&prev), next)?;
        }
        if state.number > 1 {
            publication.put(&keys::slug_counter(base), &SlugCounter { last: state.number })?;
        }
        Ok(publication)
    }

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

/// Whether an action of a publication fails when its slug is taken: what stands around the article, and
/// its parts.
fn takes_slug(action: usize, packed: &Packed) -> bool {
    action <= packed.parts.len()
}

fn site_count(id: u64, prev: Option<&AdjacentItem>, latest: &AdjacentItem) -> Result<Change, Fault> {
    let adjacent = |item| to_item(item).map(AttributeValue::M);
    let count = Change::default().set("articles", number(id - 1), number(id));
    // None if all before it are lost.
    let prev = prev.map_or(Ok(AttributeValue::Null(true)), adjacent)?;
    Ok(count.set("latest", prev, adjacent(latest)?))
}

fn author_count(state: &PublicationState) -> Change {
    Change::default().set("articles", number(state.articles), number(state.articles + 1))
}

fn published(state: PublicationState, slug: Slug, content: Content) -> Result<PublishedArticle, PublishError> {
    let prev = state.publications.latest.map(Adjacent::try_from).transpose()?;
    let article = article(state.publications.articles + 1, slug, content)?;
    Ok(PublishedArticle { article, author: state.author, adjacent: AdjacentArticles { next: None, prev } })
}

fn article(id: u64, slug: Slug, content: Content) -> Result<Article, Fault> {
    Ok(Article {
        id,
        created_at: content.created_at.parse().map_err(Fault::failed)?,
        updated_at: content.updated_at.parse().map_err(Fault::failed)?,
        title: content.title,
        slug,
        body: content.body,
        html: content.html,
        meta_description: content.meta_description,
        table_of_contents: content.table_of_contents,
        featured_image: content.featured_image,
    })
}

/// The parts among the items of an article, in order.
pub(super) fn parts(items: Vec<Item>) -> Result<Vec<Vec<u8>>, Fault> {
    let is_part = |item: &Item| key_attribute(item, "sk").is_some_and(keys::is_article_part);
    items.into_iter().filter(is_part).map(part).collect()
}

fn part(item: Item) -> Result<Vec<u8>, Fault> {
    from_item(item).map(|part: PartItem| part.content)
}
