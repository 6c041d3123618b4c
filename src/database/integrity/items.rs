//! What the items of the table say.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::business::{Fault, Image, Username};
use crate::database::accounts::{AccountItem, ProfileItem};
use crate::database::articles::{HeadItem, LinkItem, MovedItem, PartItem, RevisionItem, SeriesItem, SlugItem};
use crate::database::counters::Counter;
use crate::database::keys::{self, Key, ListName};
use crate::database::lists::{Entry, StoredNodes};
use crate::database::projects::OwnerItem;
use crate::database::table::{Item, from_item, key_attribute};
use crate::database::{Database, images};

/// How many parts the table is read in if it cannot be read in one.
const SEGMENTS: u32 = 512;

/// An item that cannot be read.
pub(super) struct Unreadable {
    pub(super) key: Key,
    pub(super) reason: String,
}

impl Unreadable {
    fn new(key: Key, fault: &Fault) -> Self {
        let reason = fault.source().map_or_else(|| fault.to_string(), ToString::to_string);
        Self { key, reason }
    }
}

/// What the items say, without the texts.
#[derive(Default)]
pub(super) struct Items {
    /// Whether the store says which format it is in.
    pub(super) has_format: bool,
    /// The last numbers that were given out; none where nothing says.
    pub(super) last_account: Option<u64>,
    pub(super) last_project: Option<u64>,
    pub(super) last_article: Option<u64>,
    pub(super) last_change: Option<u64>,
    /// By the partitions of their users.
    pub(super) accounts: BTreeMap<String, AccountItem>,
    /// Likewise.
    pub(super) profiles: BTreeMap<String, ProfileItem>,
    /// What articles are, by their numbers.
    pub(super) heads: BTreeMap<u64, HeadItem>,
    /// What readers find, by slugs.
    pub(super) slugs: BTreeMap<String, SlugItem>,
    /// The slugs that articles had, with their numbers.
    pub(super) moved: Vec<(String, u64)>,
    /// The revisions of articles, by the numbers of both.
    pub(super) revisions: BTreeMap<(u64, u64), RevisionItem>,
    /// By partitions.
    pub(super) lists: BTreeMap<String, StoredNodes>,
    /// By their names in URLs.
    pub(super) series: BTreeMap<String, SeriesItem>,
    /// The numbers of the entries of the log.
    pub(super) changes: BTreeSet<u64>,
    pub(super) projects: BTreeMap<String, BTreeSet<u64>>,
    /// The partitions of whose projects are, by their numbers.
    pub(super) owners: BTreeMap<u64, String>,
    pub(super) images: Vec<(String, Image)>,
    pub(super) unreadable: Vec<Unreadable>,
    /// The accounts that share a user with another.
    pub(super) doubled: Vec<String>,
    /// Why parts of the table could not be read at all.
    pub(super) unread: Vec<String>,
}

impl Database {
    /// Reads all items.
    pub(super) async fn items(&self) -> Result<Items, Fault> {
        let mut items = Items::default();
        match self.add_segment(&mut items, None).await {
            Err(Fault::Failed(_)) => {}
            read => return read.map(|()| items),
        }
        // An item of which the engine can make nothing keeps it from reading those around it.
        items = Items::default();
        for segment in 0..SEGMENTS {
            match self.add_segment(&mut items, Some((segment, SEGMENTS))).await {
                Err(Fault::Failed(error)) => items.unread.push(error.to_string()),
                read => read?,
            }
        }
        Ok(items)
    }

    /// Reads one of so many segments of the table, or all of it.
    async fn add_segment(&self, items: &mut Items, segment: Option<(u32, u32)>) -> Result<(), Fault> {
        let mut after = None;
        loop {
            let (page, last) = self.table.scan(segment, after).await?;
            for item in page {
                items.add(item);
            }
            after = last;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

impl Items {
    fn add(&mut self, item: Item) {
        let Some(key) = key(&item) else { return self.unread.push("an item has no key".to_owned()) };
        let Key { pk, sk } = key.clone();
        let kind = (pk.split('#').next().unwrap_or_default(), sk.split('#').next().unwrap_or_default());
        match kind {
            ("SITE", "FORMAT") => self.read(key, item, |items, _: IgnoredAny| items.has_format = true),
            ("SITE", "ACCOUNTS") => self.read(key, item, |items, Counter { last }| items.last_account = Some(last)),
            ("SITE", "PROJECTS") => self.read(key, item, |items, Counter { last }| items.last_project = Some(last)),
            ("SITE", "ARTICLES") => self.read(key, item, |items, Counter { last }| items.last_article = Some(last)),
            ("SITE", "CHANGES") => self.read(key, item, |items, Counter { last }| items.last_change = Some(last)),
            ("ACCOUNT", _) => self.read(key, item, |items, read: AccountItem| {
                let user = keys::user_partition_of(&read.username);
                if items.accounts.insert(user.clone(), read).is_some() {
                    items.doubled.push(format!("there are two accounts of {user}"));
                }
            }),
            ("USER", "PROFILE") => self.read(key, item, |items, read| drop(items.profiles.insert(pk.clone(), read))),
            ("USER", "PROJECT") => match keys::project_id(&sk) {
                Some(id) => {
                    self.projects.entry(pk.clone()).or_default().insert(id);
                    self.read(key, item, |_, _: IgnoredAny| {});
                }
                None => self.unreadable.push(Unreadable { key, reason: "it has no number".to_owned() }),
            },
            ("PROJECT", "OWNER") => self.read(key, item, |items, OwnerItem { username }| {
                let id = pk.strip_prefix("PROJECT#").and_then(|id| id.parse().ok());
                items.owners.extend(id.map(|id| (id, keys::user_partition_of(&username))));
            }),
            ("USER", "IMAGE") => match images::image(item) {
                Ok(image) => self.images.push((pk.clone(), image)),
                Err(fault) => self.unreadable.push(Unreadable::new(key, &fault)),
            },
            ("ARTICLE", "REVISION") => self.read(key, item, |items, revision: RevisionItem| {
                let id = keys::article_id(&pk);
                items.revisions.extend(id.map(|id| ((id, revision.revision), revision)));
            }),
            ("ARTICLE", "MOVED") => self.read(key, item, |items, MovedItem { slug }| {
                items.moved.extend(keys::article_id(&pk).map(|id| (slug, id)));
            }),
            ("ARTICLE", "PREVIEW") => self.read(key, item, |_, _: IgnoredAny| {}),
            ("ARTICLE", _) => self.read(key, item, |items, head: HeadItem| {
                items.heads.insert(head.id, head);
            }),
            ("SLUG", "ARTICLE") => self.read(key, item, |items, read| {
                items.slugs.insert(pk.trim_start_matches("SLUG#").to_owned(), read);
            }),
            ("LIST", _) => self.add_node(pk, key, item),
            ("TAGS", _) => match keys::tag(&sk) {
                Some(tag) => self.add_node(keys::list_partition(&ListName::Tag(tag)), key, item),
                None => self.unreadable.push(Unreadable { key, reason: "it is of no tag".to_owned() }),
            },
            ("SERIES", _) => self.read(key, item, |items, series: SeriesItem| {
                let slug = keys::series_slug(&sk).map(|slug| slug.to_string());
                items.series.extend(slug.map(|slug| (slug, series)));
            }),
            ("CHANGES", _) => self.read(key, item, |items, _: IgnoredAny| {
                items.changes.extend(keys::change_number(&sk));
            }),
            _ => self.read(key, item, |_, _: IgnoredAny| {}),
        }
    }

    fn add_node(&mut self, partition: String, key: Key, item: Item) {
        if let Err(fault) = self.lists.entry(partition).or_default().add(key.clone(), item) {
            self.unreadable.push(Unreadable::new(key, &fault));
        }
    }

    fn read<T: DeserializeOwned>(&mut self, key: Key, item: Item, keep: impl FnOnce(&mut Self, T)) {
        match from_item(item) {
            Ok(read) => keep(self, read),
            Err(fault) => self.unreadable.push(Unreadable::new(key, &fault)),
        }
    }
}

impl Items {
    /// The highest numbers that accounts, projects, articles and changes have.
    pub(super) fn highest_numbers(&self) -> [u64; 4] {
        let account = self.accounts.values().map(|account| account.id).max();
        let user = self.profiles.values().map(|profile| profile.user.id).max();
        let listed = self.profiles.values().filter_map(|profile| profile.project_ids.iter().max()).max();
        let project = self.projects.values().filter_map(BTreeSet::last).max();
        let head = self.heads.keys().copied().max();
        let found = self.slugs.values().map(|found| found.id).max();
        let entry = self.lists.values().filter_map(StoredNodes::highest_id).max();
        let change = self.changes.last().copied();
        [account.max(user), project.max(listed).copied(), head.max(found).max(entry), change]
            .map(Option::unwrap_or_default)
    }

    /// The slugs that articles had which lead nowhere, with the numbers of those.
    pub(super) fn lost_slugs(&self) -> impl Iterator<Item = &(String, u64)> {
        self.moved.iter().filter(|(slug, id)| self.heads.contains_key(id) && !self.slugs.contains_key(slug))
    }

    /// The newest revision of an article, as it should be.
    pub(super) fn newest_revision(&self, head: &HeadItem) -> Result<RevisionItem, Fault> {
        let newest = RevisionItem::new(&head.head()?, head.content.clone(), None);
        let stored = self.revisions.get(&(head.id, head.revision));
        Ok(stored.cloned().map_or(newest.clone(), |stored| RevisionItem { content: newest.content, ..stored }))
    }

    /// The numbers that are not in the log.
    pub(super) fn missing_changes(&self) -> Vec<u64> {
        let last = self.last_change.max(self.changes.last().copied()).unwrap_or_default();
        (1..=last).filter(|number| !self.changes.contains(number)).collect()
    }

    /// Which lists there should be, and what should be in them, oldest first; by partitions.
    pub(super) fn expected_lists(&self) -> BTreeMap<String, (ListName, Vec<Entry>)> {
        let users = self.profiles.values().filter_map(|profile| profile.user.username.parse::<Username>().ok());
        let always_there = users.map(ListName::Author).chain([ListName::Site]);
        let mut lists: BTreeMap<_, _> =
            always_there.map(|name| (keys::list_partition(&name), (name, Vec::new()))).collect();
        for (name, entry) in self.heads.values().filter_map(|head| head.places().ok()).flatten() {
            lists.entry(keys::list_partition(&name)).or_insert((name, Vec::new())).1.push(entry);
        }
        for (_, entries) in lists.values_mut() {
            entries.sort_unstable();
        }
        lists
    }

    /// Which series there should be, with the title and the order that they have, by their names in URLs.
    pub(super) fn expected_series(&self) -> BTreeMap<String, SeriesItem> {
        let mut expected: BTreeMap<String, SeriesItem> = BTreeMap::new();
        for head in self.heads.values().filter_map(|head| head.head().ok()) {
            let Some(slug) = head.series.as_ref().map(ToString::to_string) else { continue };
            let series = expected.entry(slug.clone()).or_insert_with(|| {
                let title = self.series.get(&slug).map_or(slug.as_str(), |series| series.title.as_str());
                SeriesItem::new(title, &head.author)
            });
            series.parts.push(PartItem::new(&head));
        }
        for (slug, series) in &mut expected {
            let stored = self.series.get(slug).map(|stored| stored.parts.as_slice()).unwrap_or_default();
            // What it does not have comes last.
            series
                .parts
                .sort_by_key(|part| stored.iter().position(|stored| stored.id == part.id).unwrap_or(usize::MAX));
        }
        expected
    }

    /// Whose projects are, by their numbers: of those that they list.
    pub(super) fn expected_owners(&self) -> BTreeMap<u64, String> {
        let listed = self.profiles.iter().flat_map(|(user, profile)| {
            let there = self.projects.get(user);
            let ids = profile.project_ids.iter().filter(move |id| there.is_some_and(|there| there.contains(id)));
            ids.map(|id| (*id, user.clone()))
        });
        listed.collect()
    }

    /// The title that a list should have.
    pub(super) fn title(&self, list: &ListName) -> Option<String> {
        let ListName::Tag(slug) = list else { return None };
        let mut tags = self.heads.values().flat_map(|head| &head.tags);
        tags.find(|tag| tag.slug() == *slug).map(ToString::to_string)
    }

    /// What should stand beside the articles of the site, by their numbers.
    pub(super) fn expected_links(&self) -> BTreeMap<u64, [Option<LinkItem>; 2]> {
        let lists = self.expected_lists();
        let site = lists.get(&keys::list_partition(&ListName::Site));
        let order: Vec<u64> = site.iter().flat_map(|(_, entries)| entries).map(|entry| entry.id).collect();
        let link = |index: Option<usize>| self.heads.get(order.get(index?)?)?.link();
        let links = order.iter().enumerate();
        links.map(|(index, id)| (*id, [link(index.checked_sub(1)), link(Some(index + 1))])).collect()
    }
}

fn key(item: &Item) -> Option<Key> {
    let text = |name| key_attribute(item, name).map(str::to_owned);
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}
