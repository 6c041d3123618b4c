//! What is written when an article is made or changed: one transaction.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::items::{HeadItem, LinkItem, MovedItem, SlugItem};
use super::revisions::RevisionItem;
use super::series::SeriesChange;
use super::state::{ChangeState, NewSlug, Revisions, Stored, Transition};
use crate::business::{AdjacentArticles, Article, ArticleWithAuthor, Fault, Head, Text, User, WordsChanged};
use crate::database::changes::{self, ChangeItem, ChangeKind};
use crate::database::content::ContentAddress;
use crate::database::counters::Counter;
use crate::database::keys;
use crate::database::table::{Change, Item, Table, Transaction, to_item};

/// The action whose condition fails when the slug is taken.
pub(super) const SLUG: usize = 0;

/// What an article is once a transaction is committed.
pub(super) struct Written {
    pub(super) head: Head,
    /// Which article of its slug it is; 0 if nobody asked for one.
    pub(super) number: u64,
    author: User,
    around: [Option<LinkItem>; 2],
    /// The texts that nothing leads to any more.
    pub(super) unused: Vec<ContentAddress>,
    /// Whether a series becomes another.
    pub(super) changes_series: bool,
}

/// What a neighbour linked before, and what it is to link.
type Relink = (Option<LinkItem>, Option<LinkItem>);

/// What neighbours are to link, by their slugs and by the side on which the other stands.
#[derive(Default)]
struct Relinks(BTreeMap<(String, &'static str), Relink>);

impl Relinks {
    /// The one that has `neighbour` on a side links another there.
    fn add(&mut self, neighbour: Option<&LinkItem>, side: &'static str, (before, after): Relink) {
        let Some(neighbour) = neighbour else { return };
        let relink = self.0.entry((neighbour.slug.clone(), side)).or_insert((before, None));
        relink.1 = after;
    }

    /// An article goes from between two others.
    fn take_out(&mut self, link: &LinkItem, [prev, next]: [&Option<LinkItem>; 2]) {
        self.add(prev.as_ref(), "next", (Some(link.clone()), next.clone()));
        self.add(next.as_ref(), "prev", (Some(link.clone()), prev.clone()));
    }

    /// An article comes between two others.
    fn put_in(&mut self, link: &LinkItem, [prev, next]: [&Option<LinkItem>; 2]) {
        self.add(prev.as_ref(), "next", (next.clone(), Some(link.clone())));
        self.add(next.as_ref(), "prev", (prev.clone(), Some(link.clone())));
    }

    fn write(self, transaction: &mut Transaction<'_>) -> Result<(), Fault> {
        let mut changes: BTreeMap<String, Change> = BTreeMap::new();
        for ((slug, side), (before, after)) in self.0 {
            if before != after {
                let change = changes.remove(&slug).unwrap_or_default();
                changes.insert(slug, change.set(side, link_attribute(before)?, link_attribute(after)?));
            }
        }
        for (slug, change) in changes {
            transaction.update(&keys::slug(&slug.parse().map_err(Fault::failed)?), change)?;
        }
        Ok(())
    }
}

fn link_attribute(link: Option<LinkItem>) -> Result<AttributeValue, Fault> {
    link.map_or(Ok(AttributeValue::Null(true)), |link| to_item(&link).map(AttributeValue::M))
}

/// Everything that is written when an article becomes what it is to be.
pub(super) fn write<'t>(
    table: &'t Table,
    transition: &Transition,
    state: ChangeState,
    (text, copy): (&Text, Option<&ContentAddress>),
) -> Result<(Transaction<'t>, Written), Fault> {
    let ChangeState {
        author,
        id,
        stored,
        slug: new,
        article_counter,
        change_counter,
        lists,
        around,
        revisions,
        series,
    } = state;
    let revision = match &transition.before {
        Some(before) => before.revision + u64::from(revisions.begins),
        None => 1,
    };
    let head = Head { id, revision, slug: new.slug.clone(), ..transition.after.clone() };
    let content = transition.content.as_ref().or(copy);
    let content = content.or(stored.as_ref().map(|stored| &stored.head.content));
    let content = content.ok_or_else(|| Fault::failed("a new article without a text"))?.clone();
    let item = HeadItem::new(&head, content);
    let [prev, next] = around.clone();
    let found = SlugItem { id, head: Some(item.clone()), prev, next };
    let mut transaction = Transaction::new(table);
    write_slug(&mut transaction, transition, stored.as_ref(), &new, &found)?;
    match &stored {
        Some(stored) => transaction.replace(&keys::article(id), &item, &stored.head_item)?,
        None => transaction.create(&keys::article(id), &item)?,
    };
    if let Some(counter) = article_counter {
        transaction.replace(&keys::article_counter(), &Counter { last: id }, &counter)?;
    }
    for list in lists {
        list.write(&mut transaction)?;
    }
    relinks(stored.as_ref(), &item, &around).write(&mut transaction)?;
    append_change(&mut transaction, &change_counter, transition, &head)?;
    if new.number > 1 {
        transaction.put(&keys::slug_counter(&transition.after.slug), &Counter { last: new.number })?;
    }
    for change in &series {
        change.write(&mut transaction)?;
    }
    let changes_series = series.iter().any(SeriesChange::is_one);
    let before = stored.map(|stored| stored.head.content);
    let unused = write_revision(&mut transaction, (&head, &item.content), before, revisions, transition, text)?;
    Ok((transaction, Written { head, number: new.number, author, around, unused, changes_series }))
}

/// What is saved is the newest revision, and there are not too many. Returns the texts that nothing leads
/// to any more then.
fn write_revision(
    transaction: &mut Transaction<'_>,
    (head, content): (&Head, &ContentAddress),
    before: Option<ContentAddress>,
    revisions: Revisions,
    transition: &Transition,
    text: &Text,
) -> Result<Vec<ContentAddress>, Fault> {
    let Revisions { going_on, begins, pruned, before: compared } = revisions;
    let old = compared.map(|text| text.body).unwrap_or_default();
    let words = || WordsChanged::between(&old, &text.body);
    let is_new_text = transition.content.is_some();
    let mut unused = Vec::new();
    if let Some((revision, item)) = going_on {
        let key = keys::revision(head.id, revision.revision);
        let revision = revision.saved_again(head, content.clone());
        let revision = if is_new_text { revision.with_words(words()) } else { revision };
        transaction.replace(&key, &revision, &item)?;
        unused.extend(before.filter(|_| is_new_text));
    } else if begins {
        let words = if is_new_text { words() } else { WordsChanged::default() };
        let revision = RevisionItem::new(head, content.clone(), before).with_words(words);
        transaction.create(&keys::revision(head.id, head.revision), &revision)?;
    }
    if let Some((revision, item)) = pruned {
        transaction.remove(&keys::revision(head.id, revision.revision), &item)?;
        unused.push(revision.content);
    }
    Ok(unused)
}

/// The article is found under the slug that it is to have, and under no other unless readers may know that.
fn write_slug(
    transaction: &mut Transaction<'_>,
    transition: &Transition,
    stored: Option<&Stored>,
    new: &NewSlug,
    found: &SlugItem,
) -> Result<(), Fault> {
    let key = keys::slug(&new.slug);
    let Some((stored, before)) = stored.zip(transition.before.as_ref()) else {
        return transaction.create(&key, found).map(drop);
    };
    if before.slug == new.slug {
        return transaction.replace(&key, found, &stored.slug_item).map(drop);
    }
    match &new.moved {
        Some(moved) => transaction.replace(&key, found, moved)?,
        None => transaction.create(&key, found)?,
    };
    let old = keys::slug(&before.slug);
    if before.slug_stays {
        let moved = MovedItem { slug: before.slug.to_string() };
        transaction.create(&keys::moved(found.id, before.version), &moved)?;
        transaction.replace(&old, &SlugItem::moved(found.id), &stored.slug_item).map(drop)
    } else {
        transaction.delete(&old).map(drop)
    }
}

fn relinks(stored: Option<&Stored>, item: &HeadItem, around: &[Option<LinkItem>; 2]) -> Relinks {
    let mut relinks = Relinks::default();
    if let Some((link, found)) = stored.and_then(|Stored { head, found, .. }| Some((head.link()?, found))) {
        relinks.take_out(&link, [&found.prev, &found.next]);
    }
    if let Some(link) = item.link() {
        relinks.put_in(&link, [&around[0], &around[1]]);
    }
    relinks
}

/// Tells whoever follows, if readers see a difference, or will.
fn append_change(
    transaction: &mut Transaction<'_>,
    counter: &Item,
    transition: &Transition,
    after: &Head,
) -> Result<(), Fault> {
    let kind = match (transition.before.as_ref().is_some_and(Head::is_public), after.is_public()) {
        (false, false) => return Ok(()),
        (false, true) => ChangeKind::ArticlePublished,
        (true, true) => ChangeKind::ArticleUpdated,
        (true, false) => ChangeKind::ArticleRemoved,
    };
    changes::append(transaction, counter, &ChangeItem::new(kind, after.id, after.version, transition.now))
}

impl Written {
    /// The article with its text.
    pub(super) fn with(self, text: Text) -> Result<ArticleWithAuthor, Fault> {
        let Self { head, author, around: [prev, next], .. } = self;
        let adjacent = |link: Option<LinkItem>| link.map(LinkItem::adjacent).transpose();
        let adjacent = AdjacentArticles { next: adjacent(next)?, prev: adjacent(prev)? };
        Ok(ArticleWithAuthor { article: Article { head, text }, author, adjacent, series: None })
    }
}
