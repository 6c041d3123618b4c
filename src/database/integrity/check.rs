//! Whether everything in the table can be read and agrees.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt::Display;

use uuid::Uuid;

use super::items::{Items, Unreadable};
use crate::business::{AccountStore, Fault, Image, MAX_REVISIONS, ProjectStore, Session, User, Username};
use crate::database::Database;
use crate::database::keys::{self, Key, ListName};

/// What is in the table, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Inspection {
    /// How many accounts there are.
    pub accounts: usize,
    /// How many articles.
    pub articles: usize,
    /// How many projects.
    pub projects: usize,
    /// All images that can be read, with those who uploaded them.
    pub images: Vec<(Username, Image)>,
    /// The ids of those that cannot.
    pub unreadable_images: Vec<(Session, Uuid)>,
    /// What is wrong and may be [mended](Database::repair), a sentence each.
    pub problems: Vec<String>,
    /// What cannot be read and nothing else says, a sentence each: only a backup has it.
    pub lost: Vec<String>,
}

#[cfg(test)]
impl Inspection {
    /// Everything that is wrong.
    pub(in crate::database) fn everything(self) -> Vec<String> {
        [self.problems, self.lost].concat()
    }
}

/// What only an item itself says, so that nothing can make it again: accounts, what users say of themselves, projects and texts.
fn is_original(key: &Key) -> bool {
    let Key { pk, sk } = key;
    let of_user = sk.starts_with("PROJECT#") || sk == "BIO";
    pk.starts_with("ACCOUNT#") || pk.starts_with("CONTENT#") || pk.starts_with("USER#") && of_user
}

impl Database {
    /// Reads everything. What is changed meanwhile may look wrong.
    ///
    /// # Errors
    /// [`Fault`] when the table cannot be read.
    pub async fn check(&self) -> Result<Inspection, Fault> {
        let mut problems: Vec<_> = self.table.file_problems().await.unwrap_or_else(|fault| {
            let reason = fault.source().map_or_else(|| fault.to_string(), ToString::to_string);
            vec![format!("the database file cannot be read through: {reason}")]
        });
        let items = self.items().await?;
        problems.extend(items.unread.iter().map(|error| format!("a part of the table cannot be read: {error}")));
        let mut lost = Vec::new();
        for Unreadable { key, reason } in &items.unreadable {
            let told = if is_original(key) { &mut lost } else { &mut problems };
            told.push(format!("{} {} cannot be read: {reason}", key.pk, key.sk));
        }
        problems.extend(items.doubled.iter().cloned());
        if items.unread.is_empty() {
            compare(&items, &mut problems);
        } else {
            problems.push("whether the rest agrees was not looked at, as that part is missing".to_owned());
        }
        self.read_texts(&items, &mut problems, &mut lost).await?;
        Ok(Inspection { lost, ..inspection(items, problems) })
    }

    /// Reads what is read to answer requests.
    async fn read_texts(&self, items: &Items, problems: &mut Vec<String>, lost: &mut Vec<String>) -> Result<(), Fault> {
        let Items { accounts, profiles, heads, .. } = items;
        let mut look = |what: &dyn Display, read: Result<bool, Fault>| match read {
            Ok(true) => Ok(()),
            Ok(false) => {
                problems.push(format!("{what} is not there"));
                Ok(())
            }
            Err(Fault::Failed(error)) => {
                lost.push(format!("{what} cannot be read: {error}"));
                Ok(())
            }
            Err(other) => Err(other),
        };
        for account in accounts.values() {
            let Ok(email) = account.email.parse() else { continue };
            look(&format!("account {email}"), self.account(&email).await.map(|account| account.is_some()))?;
        }
        for head in heads.values() {
            let texts = self.texts_at(&[&head.content]).await?;
            let read = texts.iter().all(Option::is_some).then_some(true);
            // Only a backup has it.
            let read = read.ok_or_else(|| Fault::failed("it is not there, or damaged"));
            look(&format!("the text of article {}", head.slug), read)?;
        }
        for profile in profiles.values() {
            let Ok(username) = profile.user.username.parse() else { continue };
            for id in &profile.project_ids {
                let project = self.project(&username, *id).await.map(|project| project.is_some());
                look(&format!("project {id} of {username}"), project)?;
            }
        }
        Ok(())
    }
}

fn compare(items: &Items, problems: &mut Vec<String>) {
    compare_numbers(items, problems);
    compare_users(items, problems);
    compare_articles(items, problems);
    compare_revisions(items, problems);
    compare_lists(items, problems);
    compare_series(items, problems);
}

fn compare_numbers(items: &Items, problems: &mut Vec<String>) {
    if !items.has_format {
        problems.push("the store does not say which format it is in".to_owned());
    }
    let last = [items.last_account, items.last_project, items.last_article, items.last_change];
    let numbers = ["account", "project", "article", "change"].into_iter().zip(last).zip(items.highest_numbers());
    for ((what, last), highest) in numbers {
        match last {
            None => problems.push(format!("nothing says which number the next {what} gets")),
            Some(last) if last < highest => {
                problems.push(format!("the next {what} would get number {}, and there is one of {highest}", last + 1));
            }
            Some(_) => {}
        }
    }
    let missing = items.missing_changes();
    problems.extend(missing.iter().map(|number| format!("change {number} is not in the log")));
}

fn compare_users(items: &Items, problems: &mut Vec<String>) {
    let mut numbers = BTreeSet::new();
    let doubled = items.accounts.values().filter(|account| !numbers.insert(account.id));
    problems.extend(doubled.map(|account| format!("there are two accounts with number {}", account.id)));
    let Items { accounts, profiles, projects, images, .. } = items;
    let known: BTreeSet<_> = accounts.keys().chain(profiles.keys()).collect();
    for user in &known {
        match profiles.get(*user) {
            None => problems.push(format!("{user} has an account and no profile that can be read")),
            Some(_) if !accounts.contains_key(*user) => {
                problems.push(format!("{user} has a profile and no account that can be read"));
            }
            Some(profile) => {
                if accounts[*user].id != profile.user.id {
                    problems.push(format!("{user} has an account and a profile of different numbers"));
                }
                let there = projects.get(*user);
                let missing = profile.project_ids.iter().filter(|id| !there.is_some_and(|there| there.contains(*id)));
                problems.extend(missing.map(|id| format!("{user} lists project {id}, which is not there")));
            }
        }
    }
    let mut numbers = BTreeSet::new();
    let doubled = projects.values().flatten().filter(|number| !numbers.insert(**number));
    problems.extend(doubled.map(|number| format!("there are two projects with number {number}")));
    if items.owners != items.expected_owners() {
        problems.push("whose projects are is not what their users say".to_owned());
    }
    let owners = projects.keys().chain(images.iter().map(|(user, _)| user));
    let unknown: BTreeSet<_> = owners.filter(|user| !known.contains(user)).collect();
    problems.extend(unknown.into_iter().map(|user| format!("{user} has items and neither account nor profile")));
}

fn compare_articles(items: &Items, problems: &mut Vec<String>) {
    let Items { heads, slugs, profiles, .. } = items;
    let mut links = items.expected_links();
    for (id, head) in heads {
        let slug = &head.slug;
        match profiles.get(&keys::user_partition_of(&head.author)) {
            None => problems.push(format!("article {slug} is by {}, who has no profile that can be read", head.author)),
            Some(profile) if profile.user.id != head.author_id => {
                problems.push(format!("article {slug} is by {} of another number", head.author));
            }
            Some(_) => {}
        }
        match slugs.get(slug) {
            None => problems.push(format!("article {slug} is not found by its slug")),
            Some(found) if found.head.as_ref() != Some(head) => {
                problems.push(format!("article {slug} says something else under its slug"));
            }
            Some(found) => {
                let [prev, next] = links.remove(id).unwrap_or_default();
                if (&prev, &next) != (&found.prev, &found.next) {
                    problems.push(format!("article {slug} names others than those beside it"));
                }
            }
        }
    }
    let lost = items.lost_slugs();
    problems.extend(lost.map(|(slug, id)| format!("{slug} does not lead to article {id}, which had that slug")));
    let alone = slugs.iter().filter(|(_, found)| !heads.contains_key(&found.id));
    problems.extend(alone.map(|(slug, found)| format!("{slug} leads to article {}, which is not there", found.id)));
}

/// What an article is, is its newest revision, and none before that is missing.
fn compare_revisions(items: &Items, problems: &mut Vec<String>) {
    for head in items.heads.values() {
        let newest = items.newest_revision(head).ok();
        if items.revisions.get(&(head.id, head.revision)) != newest.as_ref() {
            problems.push(format!("article {} is not its newest revision", head.slug));
        }
        let oldest = (head.revision + 1).saturating_sub(MAX_REVISIONS).max(1);
        let missing = (oldest..head.revision).filter(|number| !items.revisions.contains_key(&(head.id, *number)));
        problems.extend(missing.map(|number| format!("revision {number} of article {} is not there", head.slug)));
    }
}

fn compare_lists(items: &Items, problems: &mut Vec<String>) {
    let mut lists = items.expected_lists();
    for (partition, stored) in &items.lists {
        let (_, expected) = lists.remove(partition).unwrap_or((ListName::Site, Vec::new()));
        match stored.entries() {
            Err(fault) => {
                let reason = fault.source().map_or_else(|| fault.to_string(), ToString::to_string);
                problems.push(format!("{partition} cannot be read: {reason}"));
            }
            Ok(found) if found != expected => {
                let (found, expected) = (found.len(), expected.len());
                problems.push(format!("{partition} has {found} articles, which are not the {expected} that there are"));
            }
            Ok(_) => {}
        }
    }
    problems.extend(lists.into_keys().map(|partition| format!("{partition} is not there")));
}

fn compare_series(items: &Items, problems: &mut Vec<String>) {
    let expected = items.expected_series();
    for (slug, series) in &expected {
        if items.series.get(slug) != Some(series) {
            problems.push(format!("the series {slug} has not the articles that there are of it"));
        }
    }
    let alone = items.series.keys().filter(|slug| !expected.contains_key(*slug));
    problems.extend(alone.map(|slug| format!("no article is of the series {slug}")));
}

fn inspection(items: Items, mut problems: Vec<String>) -> Inspection {
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert(problem.clone()));
    let Items { accounts, profiles, heads, projects, images, unreadable, .. } = items;
    let mut session = |user: &str| {
        // One without a profile is told of already.
        let profile = profiles.get(user)?;
        let user = User::try_from(profile.user.clone());
        let user = user.map_err(|error| problems.push(format!("{} is no user: {error}", profile.user.username)));
        user.ok().map(|user| Session { user_id: user.id, username: user.username })
    };
    let image = |key: &str| key.strip_prefix("IMAGE#")?.parse().ok();
    let unreadable = unreadable.iter().filter_map(|Unreadable { key, .. }| Some((session(&key.pk)?, image(&key.sk)?)));
    let unreadable_images = unreadable.collect();
    let images = images.into_iter().filter_map(|(user, image)| Some((session(&user)?.username, image))).collect();
    let projects = projects.values().map(BTreeSet::len).sum();
    let (accounts, articles) = (accounts.len(), heads.len());
    Inspection { accounts, articles, projects, images, unreadable_images, problems, lost: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::database::articles::HeadItem;
    use crate::database::keys;

    #[tokio::test]
    async fn nothing_is_wrong_with_a_site() {
        let Inspection { accounts, articles, projects, images, problems, .. } =
            samples::site().await.check().await.unwrap();
        assert_eq!((accounts, articles, projects, images.len(), problems), (2, 4, 1, 1, vec![]));
    }

    #[tokio::test]
    async fn whatever_is_missing_is_missed() {
        let items = samples::keys(&samples::site().await).await.len();
        assert!(items > 15);
        for index in 0..items {
            let database = samples::site().await;
            // Texts have other keys in each.
            let key = samples::keys(&database).await.swap_remove(index);
            database.table.delete(&key).await.unwrap();
            let wrong = !database.check().await.unwrap().everything().is_empty();
            // Nothing else says how many images there were; and the numbers of a slug are looked up.
            let alone = ["IMAGE#", "NUMBERS"];
            assert_eq!(wrong, !alone.iter().any(|sk| key.sk.starts_with(sk)), "{key:?}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named() {
        let database = samples::site().await;
        let head: HeadItem = database.table.get(&keys::article(1)).await.unwrap().unwrap();
        let part = head.content.keys().next().unwrap();
        database.table.put(&part, &serde_json::json!({"content": "no"})).await.unwrap();
        let Inspection { problems, lost, .. } = database.check().await.unwrap();
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(lost, ["the text of article a cannot be read: it is not there, or damaged"]);
    }
}
