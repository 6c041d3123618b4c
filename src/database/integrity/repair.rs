//! Mending: what items say of each other is made again from what they say of themselves.
//!
//! Every step is safe to be done again, so a repair that broke off is begun anew. Nothing is taken
//! from an article, a project or an account that is damaged itself: it stays where it is, for
//! whoever has a backup.

use super::items::Items;
use crate::business::{Fault, Timestamp, User, Username};
use crate::database::Database;
use crate::database::accounts::{ProfileItem, UserItem};
use crate::database::articles::SlugItem;
use crate::database::changes::{ChangeItem, ChangeKind};
use crate::database::counters::Counter;
use crate::database::keys::{self, Key, ListName};
use crate::database::lists::{self, Entry};
use crate::database::projects::OwnerItem;
use crate::database::table::{Expression, number};

/// A repair under way.
struct Repair<'d> {
    database: &'d Database,
    items: Items,
    now: Timestamp,
    /// What was done, a sentence each.
    done: Vec<String>,
}

impl Database {
    /// Mends what can be, and says what was done, a sentence each. Nobody else may use the table
    /// meanwhile.
    ///
    /// # Errors
    /// [`Fault`] when the table cannot be written, or not all of it can be read: what is not seen
    /// would be taken for what is not there.
    pub async fn repair(&self, now: Timestamp) -> Result<Vec<String>, Fault> {
        // Images may be lost with the items that listed them: their files are kept for a week from now on.
        self.table.delete(&keys::sweep()).await?;
        let items = self.items().await?;
        if let Some(error) = items.unread.first() {
            return Err(Fault::failed(format!("a part of the table cannot be read, put back a backup: {error}")));
        }
        let mut repair = Repair { database: self, items, now, done: Vec::new() };
        repair.format().await?;
        repair.profiles().await?;
        repair.articles().await?;
        repair.links().await?;
        repair.moved().await?;
        repair.revisions().await?;
        repair.lists().await?;
        repair.series().await?;
        repair.project_ids().await?;
        repair.owners().await?;
        repair.remove_unreadable().await?;
        repair.numbers().await?;
        Ok(repair.done)
    }
}

impl Repair<'_> {
    /// The store says which format it is in.
    async fn format(&mut self) -> Result<(), Fault> {
        if !self.items.has_format {
            self.database.write_format().await?;
            self.done.push("the store says which format it is in".to_owned());
        }
        Ok(())
    }

    /// Every account has a profile.
    async fn profiles(&mut self) -> Result<(), Fault> {
        let Items { accounts, profiles, projects, .. } = &mut self.items;
        for (user, account) in accounts.iter().filter(|(user, _)| !profiles.contains_key(*user)).collect::<Vec<_>>() {
            let Ok(username) = account.username.parse::<Username>() else { continue };
            let profile = ProfileItem {
                user: UserItem::from(&User::new(account.id, username.clone())),
                project_ids: projects.get(user).into_iter().flatten().copied().collect(),
                projects_ordered: false,
            };
            self.database.table.put(&keys::profile(&username), &profile).await?;
            profiles.insert(user.clone(), profile);
            self.done.push(format!("the profile of {username} was made again"));
        }
        Ok(())
    }

    /// Every article stands under its number, and no slug leads to one that is not there.
    async fn articles(&mut self) -> Result<(), Fault> {
        let Items { heads, slugs, .. } = &mut self.items;
        for (slug, found) in &*slugs {
            if heads.contains_key(&found.id) {
                continue;
            }
            if let Some(head) = &found.head {
                self.database.table.put(&keys::article(found.id), head).await?;
                heads.insert(found.id, head.clone());
                self.done.push(format!("article {slug} stands under its number again"));
            } else {
                self.database.table.delete(&keys::slug(&slug.parse().map_err(Fault::failed)?)).await?;
                self.done.push(format!("{slug} leads to no article any more, as that is not there"));
            }
        }
        Ok(())
    }

    /// Articles are found by their slugs, and name those beside them.
    async fn links(&mut self) -> Result<(), Fault> {
        let mut links = self.items.expected_links();
        for (id, head) in &self.items.heads {
            let [prev, next] = links.remove(id).unwrap_or_default();
            let found = SlugItem { id: *id, head: Some(head.clone()), prev, next };
            if self.items.slugs.get(&head.slug) == Some(&found) {
                continue;
            }
            self.database.table.put(&keys::slug(&head.slug()?), &found).await?;
            self.done.push(format!("article {} is found by its slug, and names those beside it", head.slug));
        }
        Ok(())
    }

    /// What articles are, are their newest revisions.
    async fn revisions(&mut self) -> Result<(), Fault> {
        for head in self.items.heads.values() {
            let newest = self.items.newest_revision(head)?;
            if self.items.revisions.get(&(head.id, head.revision)) != Some(&newest) {
                self.database.table.put(&keys::revision(head.id, head.revision), &newest).await?;
                self.done.push(format!("article {} is its newest revision", head.slug));
            }
        }
        Ok(())
    }

    /// What slugs lead to that articles had.
    async fn moved(&mut self) -> Result<(), Fault> {
        for (slug, id) in self.items.lost_slugs() {
            let key = keys::slug(&slug.parse().map_err(Fault::failed)?);
            self.database.table.put(&key, &SlugItem::moved(*id)).await?;
            self.done.push(format!("{slug} leads to article {id} again"));
        }
        Ok(())
    }

    /// Every list has its articles.
    async fn lists(&mut self) -> Result<(), Fault> {
        let mut expected = self.items.expected_lists();
        for (partition, stored) in std::mem::take(&mut self.items.lists) {
            let list = expected.remove(&partition);
            let entries = list.as_ref().map(|(_, entries)| entries.as_slice()).unwrap_or_default();
            if stored.entries().is_ok_and(|found| found == entries) {
                continue;
            }
            for key in stored.keys() {
                self.database.table.delete(key).await?;
            }
            match list {
                Some((name, entries)) => self.list(&name, entries).await?,
                None => self.done.push(format!("{partition} is no more, as nothing belongs there")),
            }
        }
        for (name, entries) in expected.into_values() {
            self.list(&name, entries).await?;
        }
        Ok(())
    }

    /// Every series has its articles.
    async fn series(&mut self) -> Result<(), Fault> {
        let expected = self.items.expected_series();
        for (slug, series) in &expected {
            if self.items.series.get(slug) != Some(series) {
                self.database.table.put(&keys::series(&slug.parse().map_err(Fault::failed)?), series).await?;
                self.done.push(format!("the series {slug} has its articles again"));
            }
        }
        for slug in self.items.series.keys().filter(|slug| !expected.contains_key(*slug)) {
            self.database.table.delete(&keys::series(&slug.parse().map_err(Fault::failed)?)).await?;
            self.done.push(format!("the series {slug} is no more, as no article is of it"));
        }
        Ok(())
    }

    async fn list(&mut self, name: &ListName, entries: Vec<Entry>) -> Result<(), Fault> {
        let title = self.items.title(name);
        for (key, node) in lists::built(name, title, entries, self.now.unix_milliseconds()) {
            self.database.table.put(&key, &node).await?;
        }
        self.done.push(format!("{} was made again", keys::list_partition(name)));
        Ok(())
    }

    /// Profiles list the projects that are there.
    async fn project_ids(&mut self) -> Result<(), Fault> {
        let Items { profiles, projects, .. } = &mut self.items;
        for (user, profile) in profiles {
            let Ok(username) = profile.user.username.parse::<Username>() else { continue };
            let before = profile.project_ids.len();
            profile.project_ids.retain(|id| projects.get(user).is_some_and(|there| there.contains(id)));
            if profile.project_ids.len() < before {
                self.database.table.put(&keys::profile(&username), &*profile).await?;
                self.done.push(format!("the profile of {username} says what there is"));
            }
        }
        Ok(())
    }

    /// Projects say whose they are.
    async fn owners(&mut self) -> Result<(), Fault> {
        let expected = self.items.expected_owners();
        for id in self.items.owners.keys().filter(|id| !expected.contains_key(*id)) {
            self.database.table.delete(&keys::project_owner(*id)).await?;
            self.done.push(format!("there is no project {id} any more"));
        }
        for (id, user) in expected {
            if self.items.owners.get(&id) != Some(&user) {
                let username = self.items.profiles[&user].user.username.clone();
                self.database.table.put(&keys::project_owner(id), &OwnerItem { username }).await?;
                self.done.push(format!("project {id} says whose it is"));
            }
        }
        Ok(())
    }

    /// What cannot be read, and does no harm when it is not there.
    async fn remove_unreadable(&mut self) -> Result<(), Fault> {
        let kinds = ["ATTEMPTS#", "CHANGES", "IDEMPOTENCY#", "JOB#", "LIMIT#", "OUTBOX"];
        for unreadable in &self.items.unreadable {
            let Key { pk, sk } = &unreadable.key;
            let token = pk.starts_with("USER#") && sk == "REFRESH_TOKEN";
            let numbers = pk.starts_with("SLUG#") && sk == "NUMBERS";
            if token || numbers || kinds.iter().any(|kind| pk.starts_with(kind)) {
                self.database.table.delete(&unreadable.key).await?;
                self.done.push(format!("{pk} {sk}, which could not be read, was removed"));
            }
        }
        Ok(())
    }

    /// No number is given out twice, and whoever follows the log of changes hears of the repair.
    async fn numbers(&mut self) -> Result<(), Fault> {
        let recorded = self.database.recorded;
        let [account, project, article, change] = self.items.highest_numbers();
        let highest = [account.max(recorded.accounts), project.max(recorded.projects)];
        let counters = [
            (keys::account_counter(), "accounts", self.items.last_account),
            (keys::project_counter(), "projects", self.items.last_project),
        ];
        for ((key, what, last), highest) in counters.into_iter().zip(highest) {
            if last.is_none_or(|last| last < highest) {
                // It is counted on, so it has no checksum; and one that cannot be read may be no number.
                self.database.table.delete(&key).await?;
                let set = Expression::update("SET #last = :highest").name("#last", "last");
                self.database.table.prepare(&key, set.value(":highest", number(highest))).await?;
                self.done.push(format!("{what} are counted from {highest} on"));
            }
        }
        let highest = article.max(recorded.articles);
        if self.items.last_article.is_none_or(|last| last < highest) {
            self.database.table.put(&keys::article_counter(), &Counter { last: highest }).await?;
            self.done.push(format!("articles are counted from {highest} on"));
        }
        self.changes(change).await
    }

    /// Fills the gaps of the log.
    async fn changes(&mut self, highest: u64) -> Result<(), Fault> {
        let mut missing = self.items.missing_changes();
        let last = self.items.last_change.filter(|last| *last >= highest);
        if self.done.is_empty() && missing.is_empty() && last.is_some() {
            return Ok(());
        }
        let last = last.unwrap_or(highest) + 1;
        missing.push(last);
        for number in missing {
            let change = ChangeItem::new(ChangeKind::Repaired, 0, 0, self.now);
            self.database.table.put(&keys::change(number), &change).await?;
        }
        self.database.table.put(&keys::change_counter(), &Counter { last }).await?;
        self.done.push(format!("change {last} of the log says that there was a repair"));
        Ok(())
    }
}
