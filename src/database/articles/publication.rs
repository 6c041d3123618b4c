//! What is read before an article is published, and what is written.

use aws_sdk_dynamodb::types::AttributeValue;

use super::items::{AdjacentItem, EntryItem, MetaItem, PartItem, Publications, SlugCounter, article};
use crate::business::{Adjacent, AdjacentArticles, Fault, PublishError, PublishedArticle, Session, Slug, User};
use crate::database::Database;
use crate::database::accounts::ProfileItem;
use crate::database::content::{Content, Packed};
use crate::database::keys::{self, Key};
use crate::database::table::{Change, Transaction, from_item, number, to_item};

/// How many slugs are looked up at once to find a free one.
const SLUGS: u64 = 100;

/// What a publication is based on, and fails to commit if another has changed it.
pub(super) struct PublicationState {
    pub(super) publications: Publications,
    pub(super) author: User,
    /// How many articles the author has.
    pub(super) articles: u64,
    /// 1 if the slug is free, otherwise the number that the next article of it gets.
    pub(super) number: u64,
}

impl Database {
    /// What the site, the author and the slug are before a publication.
    pub(super) async fn publication_state(
        &self,
        slug: &Slug,
        author: &Session,
    ) -> Result<PublicationState, PublishError> {
        let site = keys::publications();
        let profile = keys::profile(&author.username);
        let first = keys::article_meta(slug);
        let numbers = keys::slug_counter(slug);
        let keys = [site.clone(), profile.clone(), first.clone(), numbers.clone()];
        let mut found = self.table.batch_get(&keys).await?;
        let mut publications: Publications = found.remove(&site).map(from_item).transpose()?.unwrap_or_default();
        let profile: ProfileItem = from_item(found.remove(&profile).ok_or(PublishError::UnknownAuthor)?)?;
        if publications.articles < profile.articles {
            // Another process may have published between the reading of one and of the other.
            publications = self.table.get(&site).await?.unwrap_or_default();
        }
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
    pub(super) async fn first_free_number(&self, slug: &Slug, from: u64) -> Result<u64, Fault> {
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
    pub(super) fn publication(
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
}

/// Whether an action of a publication fails when its slug is taken: what stands around the article,
/// and its parts.
pub(super) fn takes_slug(action: usize, packed: &Packed) -> bool {
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

pub(super) fn published(
    state: PublicationState,
    slug: Slug,
    content: Content,
) -> Result<PublishedArticle, PublishError> {
    let prev = state.publications.latest.map(Adjacent::try_from).transpose()?;
    let article = article(state.publications.articles + 1, slug, content)?;
    Ok(PublishedArticle { article, author: state.author, adjacent: AdjacentArticles { next: None, prev } })
}
