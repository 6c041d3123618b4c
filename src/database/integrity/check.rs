//! Whether everything in the table can be read and agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fmt::Display;

use uuid::Uuid;

use super::items::{Items, Unreadable, names};
use crate::business::{AccountStore, ArticleStore, Fault, Image, ProjectStore, Session, User, Username};
use crate::database::Database;
use crate::database::articles::MetaItem;
use crate::database::keys::{self, Key};

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

/// What only an item itself says, so that nothing can make it again: accounts and projects.
fn is_original(key: &Key) -> bool {
    key.pk.starts_with("ACCOUNT#") || key.pk.starts_with("USER#") && key.sk.starts_with("PROJECT#")
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
        let Items { accounts, profiles, metas, .. } = items;
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
        for slug in metas.keys() {
            let Ok(slug) = slug.parse() else { continue };
            look(&format!("article {slug}"), self.article(&slug).await.map(|article| article.is_some()))?;
        }
        for profile in profiles.values() {
            let Ok(username) = profile.user.username.parse() else { continue };
            for id in profile.project_ids.iter().flatten() {
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
    compare_lists(items, problems);
}

fn compare_numbers(items: &Items, problems: &mut Vec<String>) {
    let (account, project) = items.highest_numbers();
    for (what, last, highest) in [("account", items.last_account, account), ("project", items.last_project, project)] {
        if last < highest {
            problems.push(format!("the next {what} would get number {}, and there is one of {highest}", last + 1));
        }
    }
}

fn compare_users(items: &Items, problems: &mut Vec<String>) {
    let mut numbers = BTreeSet::new();
    let doubled = items.accounts.values().filter(|account| !numbers.insert(account.id));
    problems.extend(doubled.map(|account| format!("there are two accounts with number {}", account.id)));
    let Items { accounts, profiles, entries, projects, images, .. } = items;
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
                let listed = entries.get(*user).map_or(0, BTreeMap::len) as u64;
                if profile.articles != listed {
                    let said = profile.articles;
                    problems.push(format!("{user} has {said} articles by its profile and {listed} in its list"));
                }
                let there = projects.get(*user);
                let missing = profile.project_ids.iter().flatten();
                let missing = missing.filter(|id| !there.is_some_and(|there| there.contains(*id)));
                problems.extend(missing.map(|id| format!("{user} lists project {id}, which is not there")));
            }
        }
    }
    let mut numbers = BTreeSet::new();
    let doubled = projects.values().flatten().filter(|number| !numbers.insert(**number));
    problems.extend(doubled.map(|number| format!("there are two projects with number {number}")));
    let owners = entries.keys().chain(projects.keys()).chain(images.iter().map(|(user, _)| user));
    let unknown: BTreeSet<_> = owners.filter(|user| !known.contains(user)).collect();
    problems.extend(unknown.into_iter().map(|user| format!("{user} has items and neither account nor profile")));
}

fn compare_articles(items: &Items, problems: &mut Vec<String>) {
    let Items { publications, metas, .. } = items;
    let mut by_id = BTreeMap::new();
    for (slug, meta) in metas {
        let author = &meta.author;
        let profile = items.profiles.get(&keys::user_partition_of(&author.username));
        if profile.is_some_and(|profile| profile.user.id != author.id) {
            problems.push(format!("article {slug} is by {} of another number", author.username));
        }
        if let Some(other) = by_id.insert(meta.id, slug) {
            problems.push(format!("articles {other} and {slug} have the same number"));
        }
    }
    let (said, lost, there) = (publications.articles, publications.lost, metas.len() as u64);
    if said != there + lost || by_id.keys().last().is_some_and(|highest| *highest > said) {
        problems.push(format!(
            "the site has published {said} articles by its count and lost {lost}, and has {there} that can be read"
        ));
    }
    let chain: Vec<_> = by_id.values().map(|slug| slug.as_str()).collect();
    for (index, slug) in chain.iter().enumerate() {
        let MetaItem { prev, next, .. } = &metas[*slug];
        let around = |index: Option<usize>| index.and_then(|index| chain.get(index).copied());
        let is = |adjacent: &Option<_>, index| names(adjacent.as_ref(), around(index));
        if !is(prev, index.checked_sub(1)) || !is(next, index.checked_add(1)) {
            problems.push(format!("article {slug} names others than those beside it"));
        }
    }
    if !names(publications.latest.as_ref(), chain.last().copied()) {
        problems.push("the site names another than its latest article".to_owned());
    }
}

fn compare_lists(items: &Items, problems: &mut Vec<String>) {
    let Items { entries, metas, parts, .. } = items;
    let mut listed = BTreeMap::new();
    for (user, entries) in entries {
        for (position, (sk, entry)) in (1..).zip(entries) {
            if *sk != format!("ARTICLE#{position:012}") {
                problems.push(format!("{user} has a gap before {sk}"));
            }
            if metas.get(&entry.slug).is_none_or(|meta| meta.id != entry.id) {
                problems.push(format!("{user} lists article {}, which is not there or cannot be read", entry.slug));
            }
            if parts.get(&entry.slug).is_some_and(|there| *there != entry.parts) {
                let (slug, said, there) = (&entry.slug, entry.parts, parts[&entry.slug]);
                problems.push(format!("article {slug} has {said} parts by its author's list, and {there}"));
            }
            *listed.entry(entry.slug.as_str()).or_insert(0) += 1;
        }
    }
    for slug in metas.keys() {
        match listed.get(slug.as_str()) {
            Some(1) => {}
            None => problems.push(format!("article {slug} is not in its author's list")),
            Some(times) => problems.push(format!("article {slug} is listed {times} times")),
        }
    }
    let alone = parts.keys().filter(|slug| !metas.contains_key(*slug));
    problems.extend(
        alone.map(|slug| format!("there are parts of article {slug}, and nothing else of it that can be read")),
    );
}

fn inspection(items: Items, mut problems: Vec<String>) -> Inspection {
    let mut told = BTreeSet::new();
    problems.retain(|problem| told.insert(problem.clone()));
    let Items { accounts, profiles, metas, projects, images, unreadable, .. } = items;
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
    let (accounts, articles) = (accounts.len(), metas.len());
    Inspection { accounts, articles, projects, images, unreadable_images, problems, lost: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::business::Slug;
    use crate::database::keys;

    #[tokio::test]
    async fn nothing_is_wrong_with_a_site() {
        let Inspection { accounts, articles, projects, images, problems, .. } =
            samples::site().await.check().await.unwrap();
        assert_eq!((accounts, articles, projects, images.len(), problems), (2, 4, 1, 1, vec![]));
    }

    #[tokio::test]
    async fn whatever_is_missing_is_missed() {
        let (items, _) = samples::site().await.table.scan(None, None).await.unwrap();
        assert!(items.len() > 15);
        for key in items.iter().map(samples::key) {
            let database = samples::site().await;
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
        let slug = Slug::from_title("A");
        database.table.put(&keys::article_part(&slug, 0), &serde_json::json!({"content": "no"})).await.unwrap();
        let Inspection { problems, lost, .. } = database.check().await.unwrap();
        assert!(problems.is_empty() && lost.len() == 1, "{problems:?} {lost:?}");
        assert!(lost[0].starts_with("article a cannot be read: "), "{lost:?}");
    }
}
