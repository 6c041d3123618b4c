//! One article, and pages of them.

use std::collections::{BTreeMap, HashSet};
use std::iter;

use super::items::{HeadItem, LinkItem, SlugItem};
use super::series;
use crate::business::{
    AdjacentArticles, Article, ArticleList, ArticleStore, ArticleWithAuthor, Cursor, Detail, Fault, Found, Head,
    ListError, Listing, Page, PageRequest, Pages, Part, Selection, SeriesPart, SeriesStore, Slug, Text, Timestamp,
    User, memory,
};
use crate::database::Database;
use crate::database::accounts::UserItem;
use crate::database::content;
use crate::database::error::readable;
use crate::database::keys::{self, ListName};
use crate::database::lists::{Entry, FoundPage, List, PageOf};
use crate::database::table::from_item;

/// The ordered list that has the articles; none for a series, which has an order of its own.
fn list_name(list: &ArticleList) -> Option<ListName> {
    match list.clone() {
        ArticleList::Site => Some(ListName::Site),
        ArticleList::Author(author) => Some(ListName::Author(author)),
        ArticleList::Tag(tag) => Some(ListName::Tag(tag)),
        ArticleList::Series(_) => None,
        ArticleList::Drafts(author) => Some(ListName::Drafts(author)),
        ArticleList::Unlisted(author) => Some(ListName::Unlisted(author)),
        ArticleList::Bin(author) => Some(ListName::Bin(author)),
    }
}

/// A page by entries in place of times.
fn page_of(part: Part, pages: Pages) -> PageOf {
    let end = |time: Option<Timestamp>| time.map(|time| Entry { at: time.unix_milliseconds(), id: 0 });
    let (from, before) = (end(part.from), end(part.before));
    match pages {
        Pages::Number(request) => {
            let limit = u64::from(request.limit());
            PageOf { from, before, after: None, skip: u64::from(request.page() - 1) * limit, limit }
        }
        Pages::After { cursor, limit } => {
            let after = cursor.map(|Cursor { at, id }| Entry { at, id });
            PageOf { from, before, after, skip: 0, limit: limit.into() }
        }
    }
}

fn page_with(entries: &[Entry], articles: Vec<Article>, total: u64, pages: Pages) -> Page<Article> {
    let request = match pages {
        Pages::Number(request) => request,
        Pages::After { limit, .. } => PageRequest::new(1, limit),
    };
    Page { unreadable: entries.len() - articles.len(), items: articles, total, request }
}

impl Database {
    pub(super) async fn read_article(&self, slug: &Slug) -> Result<Option<Found<ArticleWithAuthor>>, Fault> {
        let Some(found) = self.table.get(&keys::slug(slug)).await? else { return Ok(None) };
        let SlugItem { id, head, prev, next } = found;
        let Some(item) = head else { return self.moved(id).await };
        let head = item.head()?;
        let author = keys::profile(&head.author.username);
        let series = head.series.as_ref().map(keys::series);
        let keys: Vec<_> = item.content.keys().chain([author.clone()]).chain(series.clone()).collect();
        let mut found = self.batch_get_settled(&keys).await?;
        let series = series.and_then(|key| found.remove(&key)).zip(head.series.as_ref());
        let series = series.map(|(item, slug)| series::series(slug, item)).transpose();
        // What is linked beside it is no reason not to show it.
        let series = readable("a series", series)?.flatten();
        let missing = |what: &str| Fault::failed(format!("{what} of article {slug} is not there"));
        let author: UserItem = from_item(found.remove(&author).ok_or_else(|| missing("the author"))?)?;
        let parts = item.content.parts(&mut found)?.ok_or_else(|| missing("the text"))?;
        let text = content::unpack_reserving(&parts).await?.0;
        let link = |link: Option<LinkItem>| link.map(LinkItem::adjacent).transpose();
        let adjacent = AdjacentArticles { next: link(next)?, prev: link(prev)? };
        let found = ArticleWithAuthor { article: Article { head, text }, author: author.try_into()?, adjacent, series };
        Ok(Some(Found::Article(found)))
    }

    /// What is found under a slug that an article had once.
    pub(super) async fn moved<T>(&self, id: u64) -> Result<Option<Found<T>>, Fault> {
        Ok(self.head_of_id(id).await?.map(|head| Found::Moved(head.into())))
    }

    pub(super) async fn read_list(
        &self,
        list: &ArticleList,
        selection: Selection,
        now: Timestamp,
    ) -> Result<Option<Listing>, ListError> {
        let Selection { part, pages, detail } = selection;
        let Some(name) = list_name(list) else { return self.read_series(list, selection, now).await.map(Some) };
        let (profile, root) = (list.author().map(keys::profile), keys::list_root(&name));
        let keys: Vec<_> = profile.iter().chain([&root]).cloned().collect();
        let mut found = self.table.batch_get(&keys).await?;
        let (author, root) = (profile.as_ref().and_then(|key| found.remove(key)), found.remove(&root));
        if profile.is_some() && author.is_none() {
            let has_list = || Fault::failed(format!("list {name} is there, and no profile of its author"));
            return if root.is_none() { Ok(None) } else { Err(has_list().into()) };
        }
        let author = author.map(from_item::<UserItem>).transpose()?.map(User::try_from).transpose()?;
        let (page, now) = (page_of(part, pages), now.unix_milliseconds());
        let mut lists = [List::new(name, root)?];
        List::load(&self.table, &mut lists, |list| list.tree().missing_for_page(&page, now)).await?;
        let tree = lists[0].tree();
        let FoundPage { entries, total, more } = tree.page(&page, now).map_err(Fault::from)?;
        let changes_at = tree.next_upcoming(now).map(Timestamp::from_unix_milliseconds);
        let (articles, authors) = self.listed_articles(&entries, detail).await?;
        let page = page_with(&entries, articles, total, pages);
        let next = entries.last().filter(|_| more).map(|Entry { at, id }| Cursor { at: *at, id: *id });
        Ok(Some(Listing { page, author, authors, next, changes_at }))
    }

    /// A page of a part of a series. Its cursors have a position in place of a time, in case the article is
    /// not there any more.
    async fn read_series(
        &self,
        list: &ArticleList,
        Selection { part, pages, detail }: Selection,
        now: Timestamp,
    ) -> Result<Listing, ListError> {
        let ArticleList::Series(slug) = list else { return Err(Fault::failed("no series").into()) };
        let series = self.series(slug).await?;
        let entry = |found: &SeriesPart| Some(Entry { at: found.published_at?.unix_milliseconds(), id: found.id });
        let is_in = |found: &&SeriesPart| {
            let at = found.published_at;
            part.from.is_none_or(|from| at >= Some(from)) && part.before.is_none_or(|before| at < Some(before))
        };
        let parts = series.iter().flat_map(|series| &series.parts).filter(|part| part.published_at.is_some());
        let entries: Vec<Entry> = parts.filter(is_in).filter_map(entry).collect();
        let (skip, limit) = match pages {
            Pages::Number(request) => (u64::from(request.page() - 1) * u64::from(request.limit()), request.limit()),
            Pages::After { cursor: None, limit } => (0, limit),
            Pages::After { cursor: Some(Cursor { at, id }), limit } => {
                // Of those that only their author sees by now, the place is still known.
                let order: Vec<u64> = series.iter().flat_map(|series| &series.parts).map(|part| part.id).collect();
                let seen = order.iter().position(|part| *part == id).map(|place| &order[..=place]);
                let skip = seen.map_or(at.cast_unsigned(), |seen| {
                    entries.iter().filter(|entry| seen.contains(&entry.id)).count() as u64
                });
                (skip, limit)
            }
        };
        let total = entries.len() as u64;
        let from = usize::try_from(skip.min(total)).map_err(Fault::failed)?;
        let shown: Vec<Entry> = entries.into_iter().skip(from).take(limit as usize).collect();
        let end = from as u64 + shown.len() as u64;
        // If the last one has left by then, what came after it has its place.
        let next = shown.last().filter(|_| end < total);
        let next = next.map(|last| Cursor { at: (end - 1).cast_signed(), id: last.id });
        let (articles, authors) = self.listed_articles(&shown, detail).await?;
        let page = page_with(&shown, articles, total, pages);
        let changes_at = series.and_then(|series| series.changes_at(now));
        Ok(Listing { page, author: None, authors, next, changes_at })
    }

    /// The articles of these entries that can be read, in their order, and who wrote them, as far as that is
    /// asked for.
    async fn listed_articles(
        &self,
        entries: &[Entry],
        detail: Detail,
    ) -> Result<(Vec<Article>, BTreeMap<u64, User>), ListError> {
        let keys: Vec<_> = entries.iter().map(|entry| keys::article(entry.id)).collect();
        let mut found = self.table.batch_get_readable(&keys).await?;
        let mut items: Vec<HeadItem> = Vec::with_capacity(keys.len());
        for key in &keys {
            let Some(item) = found.remove(key) else {
                tracing::error!(article = key.pk, "an article in a list is not there");
                continue;
            };
            items.extend(readable(&key.pk, from_item(item))?);
        }
        let addresses: Vec<_> = items.iter().map(|item| &item.content).filter(|_| detail.texts).collect();
        let bytes = addresses.iter().map(|address| address.bytes).sum();
        if bytes > memory::max_response_bytes() {
            return Err(ListError::TooLarge);
        }
        content::reserve(bytes)?;
        let profiles =
            items.iter().filter(|_| detail.authors).filter_map(|item| Some(keys::profile(&item.author.parse().ok()?)));
        let profiles: HashSet<_> = profiles.collect();
        let (texts, found) = self.texts_beside(&addresses, profiles.into_iter().collect()).await?;
        let authors = found.into_values().map(|item| User::try_from(from_item::<UserItem>(item)?));
        let authors = authors.filter_map(|user| readable("a profile", user).transpose());
        let authors = authors.map(|user| user.map(|user| (user.id, user))).collect::<Result<_, Fault>>()?;
        let texts = texts.into_iter().chain(iter::repeat_with(|| (!detail.texts).then(Text::default)));
        let articles = items.iter().zip(texts).filter_map(|(item, text)| {
            let article = |text| item.head().map(|head: Head| Article { head, text });
            readable(&item.slug, article(text?)).transpose()
        });
        Ok((articles.collect::<Result<_, _>>()?, authors))
    }
}
