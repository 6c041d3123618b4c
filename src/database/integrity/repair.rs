//! Mending: what items say of each other is made again from what they say of themselves.
//!
//! Every step is safe to be done again, so a repair that broke off is begun anew. Nothing is taken
//! from an article, a project or an account that is damaged itself: it stays where it is, for
//! whoever has a backup.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::items::{Items, names};
use crate::business::{Fault, Slug, User, Username};
use crate::database::accounts::{ProfileItem, UserItem};
use crate::database::articles::{AdjacentItem, EntryItem, MetaItem, Publications};
use crate::database::content::{self, Content};
use crate::database::keys::{self, Key};
use crate::database::table::{Expression, number};
use crate::database::{Database, articles};

/// A repair under way.
struct Repair<'d> {
    database: &'d Database,
    items: Items,
    /// What was done, a sentence each.
    done: Vec<String>,
}

/// What the parts of an article say together.
struct Text {
    title: String,
    parts: usize,
    bytes: usize,
}

impl Database {
    /// Mends what can be, and says what was done, a sentence each. Nobody else may use the table
    /// meanwhile.
    ///
    /// # Errors
    /// [`Fault`] when the table cannot be written, or not all of it can be read: what is not seen
    /// would be taken for what is not there.
    pub async fn repair(&self) -> Result<Vec<String>, Fault> {
        // Images may be lost with the items that listed them: their files are kept for a week from now on.
        self.table.delete(&keys::sweep()).await?;
        let items = self.items().await?;
        if let Some(error) = items.unread.first() {
            return Err(Fault::failed(format!("a part of the table cannot be read, put back a backup: {error}")));
        }
        let mut repair = Repair { database: self, items, done: Vec::new() };
        repair.numbers().await?;
        repair.profiles().await?;
        repair.articles().await?;
        repair.neighbours().await?;
        repair.lists().await?;
        repair.remove_unreadable().await?;
        Ok(repair.done)
    }
}

impl Repair<'_> {
    /// No number is given out twice.
    async fn numbers(&mut self) -> Result<(), Fault> {
        let recorded = self.database.recorded;
        let (account, project) = self.items.highest_numbers();
        let (account, project) = (account.max(recorded.accounts), project.max(recorded.projects));
        for (key, what, last, highest) in [
            (keys::account_counter(), "accounts", self.items.last_account, account),
            (keys::project_counter(), "projects", self.items.last_project, project),
        ] {
            if last < highest {
                if self.items.unreadable.iter().any(|unreadable| unreadable.key == key) {
                    self.database.table.delete(&key).await?;
                }
                // It is counted on, so it has no checksum.
                let set = Expression::update("SET #last = :highest").name("#last", "last");
                self.database.table.prepare(&key, set.value(":highest", number(highest))).await?;
                self.done.push(format!("{what} are counted from {highest} on"));
            }
        }
        Ok(())
    }

    /// Every account has a profile.
    async fn profiles(&mut self) -> Result<(), Fault> {
        let Items { accounts, profiles, metas, projects, .. } = &mut self.items;
        for (user, account) in accounts.iter().filter(|(user, _)| !profiles.contains_key(*user)).collect::<Vec<_>>() {
            let Ok(username) = account.username.parse::<Username>() else { continue };
            let copy = metas.values().map(|meta| &meta.author).find(|author| is_of(author, account.id, user));
            let made = || UserItem::from(&User::new(account.id, username.clone()));
            let profile = ProfileItem {
                user: copy.cloned().unwrap_or_else(made),
                articles: 0,
                project_ids: Some(projects.get(user).into_iter().flatten().copied().collect()),
            };
            self.database.table.put(&keys::profile(&username), &profile).await?;
            profiles.insert(user.clone(), profile);
            self.done.push(format!("the profile of {username} was made again"));
        }
        Ok(())
    }

    /// Every article that is listed, and of which there are parts, has what stands around it.
    async fn articles(&mut self) -> Result<(), Fault> {
        let Items { profiles, entries, metas, parts, .. } = &mut self.items;
        for (user, entries) in &*entries {
            let Some(profile) = profiles.get(user) else { continue };
            for entry in entries.values() {
                let Ok(slug) = entry.slug.parse::<Slug>() else { continue };
                if metas.contains_key(slug.as_str()) || !parts.contains_key(slug.as_str()) {
                    continue;
                }
                let meta = MetaItem { id: entry.id, author: profile.user.clone(), prev: None, next: None };
                self.database.table.put(&keys::article_meta(&slug), &meta).await?;
                metas.insert(slug.to_string(), meta);
                self.done.push(format!("what stands around article {slug} was made again"));
            }
        }
        Ok(())
    }

    /// Articles name those beside them, and the site its newest.
    async fn neighbours(&mut self) -> Result<(), Fault> {
        let by_id: BTreeMap<u64, String> =
            self.items.metas.iter().map(|(slug, meta)| (meta.id, slug.clone())).collect();
        if by_id.len() < self.items.metas.len() {
            // Two of one number: nobody can tell which comes first.
            return Ok(());
        }
        let titles = self.titles();
        let slugs: Vec<_> = by_id.values().cloned().collect();
        let beside = |index: Option<usize>| index.and_then(|index| slugs.get(index).cloned());
        for (index, slug) in slugs.iter().enumerate() {
            let Ok(key) = slug.parse().map(|slug| keys::article_meta(&slug)) else { continue };
            let (prev, next) = (beside(index.checked_sub(1)), beside(index.checked_add(1)));
            let meta = &self.items.metas[slug];
            if names(meta.prev.as_ref(), prev.as_deref()) && names(meta.next.as_ref(), next.as_deref()) {
                continue;
            }
            let (prev, next) = (self.adjacent(prev, &titles).await?, self.adjacent(next, &titles).await?);
            let meta = &self.items.metas[slug];
            let meta = MetaItem { id: meta.id, author: meta.author.clone(), prev, next };
            self.database.table.put(&key, &meta).await?;
            self.items.metas.insert(slug.clone(), meta);
            self.done.push(format!("article {slug} names those beside it"));
        }
        let listed = self.items.entries.values().flat_map(BTreeMap::values).map(|entry| entry.id).max();
        self.publications(by_id.keys().last().copied().max(listed), slugs.last().cloned(), &titles).await
    }

    async fn publications(
        &mut self,
        highest: Option<u64>,
        newest: Option<String>,
        titles: &HashMap<String, String>,
    ) -> Result<(), Fault> {
        let there = self.items.metas.len() as u64;
        let said = &self.items.publications;
        let published = said.articles.max(highest.unwrap_or_default()).max(self.database.recorded.articles);
        let lost = published - there;
        let is_right = said.articles == published && said.lost == lost;
        if is_right && names(said.latest.as_ref(), newest.as_deref()) {
            return Ok(());
        }
        let publications = Publications { articles: published, latest: self.adjacent(newest, titles).await?, lost };
        self.database.table.put(&keys::publications(), &publications).await?;
        self.done.push(format!("the site has published {published} articles, of which {lost} are lost"));
        Ok(())
    }

    /// Every author's list has their articles, and every profile counts what there is.
    async fn lists(&mut self) -> Result<(), Fault> {
        // Two of one number are both listed.
        let mut by_author: HashMap<String, BTreeSet<(u64, String)>> = HashMap::new();
        for (slug, meta) in &self.items.metas {
            by_author
                .entry(keys::user_partition_of(&meta.author.username))
                .or_default()
                .insert((meta.id, slug.clone()));
        }
        let users: Vec<_> = self.items.profiles.keys().cloned().collect();
        for user in users {
            let Ok(username) = self.items.profiles[&user].user.username.parse::<Username>() else { continue };
            if keys::user_partition_of(username.as_str()) != user {
                continue;
            }
            let articles = self.list(&user, &username, by_author.remove(&user).unwrap_or_default()).await?;
            let Items { profiles, projects, .. } = &mut self.items;
            let Some(profile) = profiles.get_mut(&user) else { continue };
            let there = |id: &u64| projects.get(&user).is_some_and(|projects| projects.contains(id));
            let project_ids = profile.project_ids.clone().map(|ids| ids.into_iter().filter(there).collect());
            if profile.articles != articles || profile.project_ids != project_ids {
                (profile.articles, profile.project_ids) = (articles, project_ids);
                self.database.table.put(&keys::profile(&username), &*profile).await?;
                self.done.push(format!("the profile of {username} says what there is"));
            }
        }
        Ok(())
    }

    /// Puts a user's list in order, and says how long it is.
    async fn list(&mut self, user: &str, username: &Username, articles: BTreeSet<(u64, String)>) -> Result<u64, Fault> {
        let mut listed = self.items.entries.remove(user).unwrap_or_default();
        let known: BTreeMap<_, _> =
            listed.values().map(|entry| (entry.slug.clone(), (entry.parts, entry.bytes))).collect();
        let mut changed = false;
        for (position, (id, slug)) in (1..).zip(&articles) {
            let key = keys::user_article(username, position);
            let is_whole = |parts: usize| self.items.parts.get(slug).is_none_or(|there| *there == parts);
            let is_right = |entry: EntryItem| entry.id == *id && entry.slug == *slug && is_whole(entry.parts);
            if listed.remove(&key.sk).is_some_and(is_right) {
                continue;
            }
            let (parts, bytes) = match known.get(slug) {
                Some(known) if is_whole(known.0) => *known,
                _ => self.text(slug).await?.map_or((0, 0), |text| (text.parts, text.bytes)),
            };
            let entry = EntryItem { id: *id, slug: slug.clone(), parts, bytes };
            self.database.table.put(&key, &entry).await?;
            changed = true;
        }
        let beyond = |sk: &str| {
            let position = sk.strip_prefix("ARTICLE#").and_then(|position| position.parse::<usize>().ok());
            position.is_some_and(|position| position > articles.len())
        };
        let unreadable = self.items.unreadable.iter().map(|unreadable| &unreadable.key);
        let unreadable = unreadable.filter(|key| key.pk == user && beyond(&key.sk)).map(|key| key.sk.clone());
        for sk in listed.into_keys().chain(unreadable.collect::<Vec<_>>()) {
            self.database.table.delete(&Key { pk: user.to_owned(), sk }).await?;
            changed = true;
        }
        if changed {
            self.done.push(format!("the list of articles of {username} was made again"));
        }
        Ok(articles.len() as u64)
    }

    /// What cannot be read, and does no harm when it is not there.
    async fn remove_unreadable(&mut self) -> Result<(), Fault> {
        let kinds = ["ATTEMPTS#", "IDEMPOTENCY#", "JOB#", "LIMIT#", "OUTBOX", "SLUG#"];
        for unreadable in &self.items.unreadable {
            let Key { pk, sk } = &unreadable.key;
            let token = pk.starts_with("USER#") && sk == "REFRESH_TOKEN";
            let slug = pk.strip_prefix("ARTICLE#");
            let empty = sk == "META" && slug.is_some_and(|slug| !self.items.parts.contains_key(slug));
            if token || empty || kinds.iter().any(|kind| pk.starts_with(kind)) {
                self.database.table.delete(&unreadable.key).await?;
                self.done.push(format!("{pk} {sk}, which could not be read, was removed"));
            }
        }
        Ok(())
    }

    /// The titles of articles that others name, by slugs.
    fn titles(&self) -> HashMap<String, String> {
        let Items { metas, publications, .. } = &self.items;
        let named = metas.values().flat_map(|meta| [&meta.prev, &meta.next]).chain([&publications.latest]).flatten();
        named.map(|named| (named.slug.clone(), named.title.clone())).collect()
    }

    /// An article as others name it.
    async fn adjacent(
        &self,
        slug: Option<String>,
        titles: &HashMap<String, String>,
    ) -> Result<Option<AdjacentItem>, Fault> {
        let Some(slug) = slug else { return Ok(None) };
        let title = match titles.get(&slug) {
            Some(title) => title.clone(),
            None => self.text(&slug).await?.map_or_else(|| slug.clone(), |text| text.title),
        };
        Ok(Some(AdjacentItem { title, slug }))
    }

    /// What the parts of an article say; none if they cannot be read.
    async fn text(&self, slug: &str) -> Result<Option<Text>, Fault> {
        let slug = slug.parse().map_err(Fault::failed)?;
        let items = self.database.table.query(&keys::article_partition(&slug), None, usize::MAX).await?;
        let Ok(parts) = articles::parts(items.unwrap_or_default()) else { return Ok(None) };
        match content::unpack_reserving::<Content>(&parts).await {
            Ok((content, bytes)) => Ok(Some(Text { title: content.title, parts: parts.len(), bytes })),
            Err(Fault::Failed(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// Whether an author is the one of an account, by number and name.
fn is_of(author: &UserItem, account: u64, user: &str) -> bool {
    author.id == account && keys::user_partition_of(&author.username) == user
}
