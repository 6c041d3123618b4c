//! What the items of the table say.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::business::{Fault, Image};
use crate::database::accounts::{AccountItem, ProfileItem};
use crate::database::articles::{AdjacentItem, EntryItem, MetaItem, Publications};
use crate::database::keys::{self, Key};
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

/// The last number given out.
#[derive(Deserialize)]
pub(super) struct Counter {
    pub(super) last: u64,
}

/// What the items say, without the texts.
#[derive(Default)]
pub(super) struct Items {
    pub(super) publications: Publications,
    /// The last numbers of accounts and of projects that were given out.
    pub(super) last_account: u64,
    pub(super) last_project: u64,
    /// By the partitions of their users.
    pub(super) accounts: BTreeMap<String, AccountItem>,
    /// Likewise.
    pub(super) profiles: BTreeMap<String, ProfileItem>,
    /// By users and by sort keys.
    pub(super) entries: BTreeMap<String, BTreeMap<String, EntryItem>>,
    /// By slugs.
    pub(super) metas: BTreeMap<String, MetaItem>,
    /// How many parts there are of articles, by slugs.
    pub(super) parts: BTreeMap<String, usize>,
    pub(super) projects: BTreeMap<String, BTreeSet<u64>>,
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
            ("SITE", "PUBLICATIONS") => self.read(key, item, |items, read| items.publications = read),
            ("SITE", "ACCOUNTS") => self.read(key, item, |items, Counter { last }| items.last_account = last),
            ("SITE", "PROJECTS") => self.read(key, item, |items, Counter { last }| items.last_project = last),
            ("ACCOUNT", _) => self.read(key, item, |items, read: AccountItem| {
                let user = keys::user_partition_of(&read.username);
                if items.accounts.insert(user.clone(), read).is_some() {
                    items.doubled.push(format!("there are two accounts of {user}"));
                }
            }),
            ("USER", "PROFILE") => self.read(key, item, |items, read| drop(items.profiles.insert(pk.clone(), read))),
            ("USER", "ARTICLE") => self.read(key, item, |items, read| {
                items.entries.entry(pk.clone()).or_default().insert(sk.clone(), read);
            }),
            ("USER", "PROJECT") => match keys::project_id(&sk) {
                Some(id) => {
                    self.projects.entry(pk.clone()).or_default().insert(id);
                    self.read(key, item, |_, _: IgnoredAny| {});
                }
                None => self.unreadable.push(Unreadable { key, reason: "it has no number".to_owned() }),
            },
            ("USER", "IMAGE") => match images::image(item) {
                Ok(image) => self.images.push((pk.clone(), image)),
                Err(fault) => self.unreadable.push(Unreadable::new(key, &fault)),
            },
            ("ARTICLE", "META") => {
                let slug = slug(&pk);
                self.read(key, item, |items, read| drop(items.metas.insert(slug, read)));
            }
            ("ARTICLE", "PART") => *self.parts.entry(slug(&pk)).or_default() += 1,
            _ => self.read(key, item, |_, _: IgnoredAny| {}),
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
    /// The highest numbers that accounts and projects have.
    pub(super) fn highest_numbers(&self) -> (u64, u64) {
        let account = self.accounts.values().map(|account| account.id).max();
        let user = self.profiles.values().map(|profile| profile.user.id).max();
        let listed = self.profiles.values().filter_map(|profile| profile.project_ids.iter().flatten().max()).max();
        let project = self.projects.values().filter_map(BTreeSet::last).max();
        (account.max(user).unwrap_or_default(), project.max(listed).copied().unwrap_or_default())
    }
}

/// Whether what stands beside an article, or is the newest, is the one that should.
pub(super) fn names(adjacent: Option<&AdjacentItem>, slug: Option<&str>) -> bool {
    adjacent.map(|adjacent| adjacent.slug.as_str()) == slug
}

fn key(item: &Item) -> Option<Key> {
    let text = |name| key_attribute(item, name).map(str::to_owned);
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}

fn slug(pk: &str) -> String {
    pk.trim_start_matches("ARTICLE#").to_owned()
}
