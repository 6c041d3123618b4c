//! Whether everything in the table can be read and agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::business::{AccountStore, ArticleStore, Fault, Image, ProjectStore, Username};
use crate::database::table::{Item, from_item};
use crate::database::{Database, images, keys};

/// What is in the table, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Inspection {
    /// How many accounts there are.
    pub accounts: usize,
    /// How many articles.
    pub articles: usize,
    /// How many projects.
    pub projects: usize,
    /// All images, with those who uploaded them.
    pub images: Vec<(Username, Image)>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Publications {
    articles: u64,
    latest: Option<Adjacent>,
}

#[derive(Deserialize)]
struct Adjacent {
    slug: String,
}

#[derive(Deserialize)]
struct Account {
    email: String,
    username: String,
}

#[derive(Deserialize)]
struct Profile {
    username: String,
    articles: u64,
    project_ids: Option<Vec<u64>>,
}

#[derive(Deserialize)]
struct Entry {
    id: u64,
    slug: String,
}

#[derive(Deserialize)]
struct Meta {
    id: u64,
    prev: Option<Adjacent>,
    next: Option<Adjacent>,
}

/// What the items say, without the texts.
#[derive(Default)]
struct Items {
    publications: Publications,
    /// Mail addresses by the partitions of users.
    accounts: BTreeMap<String, String>,
    profiles: BTreeMap<String, Profile>,
    /// By users and by positions.
    entries: BTreeMap<String, BTreeMap<String, Entry>>,
    /// By slugs.
    metas: BTreeMap<String, Meta>,
    projects: BTreeMap<String, BTreeSet<u64>>,
    images: Vec<(String, Image)>,
    problems: Vec<String>,
}

impl Database {
    /// Reads everything. What is changed meanwhile may look wrong.
    ///
    /// # Errors
    /// [`Fault`] when the table cannot be read.
    pub async fn check(&self) -> Result<Inspection, Fault> {
        let mut items = Items::default();
        let mut after = None;
        loop {
            let (page, last) = self.table.scan(after).await?;
            for item in page {
                items.add(item);
            }
            after = last;
            if after.is_none() {
                break;
            }
        }
        items.compare_users();
        items.compare_articles();
        self.read_texts(&mut items).await?;
        Ok(items.inspection())
    }

    /// Reads what is read to answer requests.
    async fn read_texts(&self, items: &mut Items) -> Result<(), Fault> {
        let Items { accounts, profiles, metas, problems, .. } = items;
        let mut look = |what: &dyn Display, read: Result<bool, Fault>| match read {
            Ok(true) => Ok(()),
            Ok(false) => {
                problems.push(format!("{what} is not there"));
                Ok(())
            }
            Err(Fault::Failed(error)) => {
                problems.push(format!("{what} cannot be read: {error}"));
                Ok(())
            }
            Err(other) => Err(other),
        };
        for email in accounts.values() {
            let Ok(email) = email.parse() else { continue };
            look(&format!("account {email}"), self.account(&email).await.map(|account| account.is_some()))?;
        }
        for slug in metas.keys() {
            let Ok(slug) = slug.parse() else { continue };
            look(&format!("article {slug}"), self.article(&slug).await.map(|article| article.is_some()))?;
        }
        for profile in profiles.values() {
            let Ok(username) = profile.username.parse() else { continue };
            for id in profile.project_ids.iter().flatten() {
                let project = self.project(&username, *id).await.map(|project| project.is_some());
                look(&format!("project {id} of {username}"), project)?;
            }
        }
        Ok(())
    }
}

impl Items {
    fn add(&mut self, item: Item) {
        let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) = (item.get("pk"), item.get("sk")) else {
            return self.problems.push("an item has no key".to_owned());
        };
        let (pk, sk) = (pk.clone(), sk.clone());
        let kind = (pk.split('#').next().unwrap_or_default(), sk.split('#').next().unwrap_or_default());
        match kind {
            ("SITE", "PUBLICATIONS") => self.read(&pk, &sk, item, |items, read| items.publications = read),
            ("ACCOUNT", _) => self.read(&pk, &sk, item, |items, Account { email, username }| {
                if items.accounts.insert(format!("USER#{}", username.to_lowercase()), email).is_some() {
                    items.problems.push(format!("there are two accounts of {username}"));
                }
            }),
            ("USER", "PROFILE") => {
                self.read(&pk, &sk, item, |items, read| drop(items.profiles.insert(pk.clone(), read)));
            }
            ("USER", "ARTICLE") => self.read(&pk, &sk, item, |items, read| {
                items.entries.entry(pk.clone()).or_default().insert(sk.clone(), read);
            }),
            ("USER", "PROJECT") => match keys::project_id(&sk) {
                Some(id) => drop(self.projects.entry(pk).or_default().insert(id)),
                None => self.problems.push(format!("{pk} {sk} has no number")),
            },
            ("USER", "IMAGE") => match images::image(item) {
                Ok(image) => self.images.push((pk, image)),
                Err(error) => self.problems.push(format!("{pk} {sk} cannot be read: {error}")),
            },
            ("ARTICLE", "META") => {
                let slug = pk.trim_start_matches("ARTICLE#").to_owned();
                self.read(&pk, &sk, item, |items, read| drop(items.metas.insert(slug, read)));
            }
            _ => {}
        }
    }

    fn read<T: DeserializeOwned>(&mut self, pk: &str, sk: &str, item: Item, keep: impl FnOnce(&mut Self, T)) {
        match from_item(item) {
            Ok(read) => keep(self, read),
            Err(error) => self.problems.push(format!("{pk} {sk} cannot be read: {error}")),
        }
    }

    fn compare_users(&mut self) {
        let Self { accounts, profiles, entries, projects, images, problems, .. } = self;
        let known: BTreeSet<_> = accounts.keys().chain(profiles.keys()).cloned().collect();
        for user in &known {
            match profiles.get(user) {
                None => problems.push(format!("{user} has an account and no profile")),
                Some(_) if !accounts.contains_key(user) => {
                    problems.push(format!("{user} has a profile and no account"));
                }
                Some(profile) => {
                    let listed = entries.get(user).map_or(0, BTreeMap::len) as u64;
                    if profile.articles != listed {
                        let said = profile.articles;
                        problems.push(format!("{user} has {said} articles by its profile and {listed} in its list"));
                    }
                    let there = projects.get(user);
                    let missing = profile.project_ids.iter().flatten();
                    let missing = missing.filter(|id| !there.is_some_and(|there| there.contains(*id)));
                    problems.extend(missing.map(|id| format!("{user} lists project {id}, which is not there")));
                }
            }
        }
        let owners = entries.keys().chain(projects.keys()).chain(images.iter().map(|(user, _)| user));
        let unknown: BTreeSet<_> = owners.filter(|user| !known.contains(*user)).collect();
        problems.extend(unknown.into_iter().map(|user| format!("{user} has items and neither account nor profile")));
    }

    fn compare_articles(&mut self) {
        let Self { publications, entries, metas, problems, .. } = self;
        let mut by_id = BTreeMap::new();
        for (slug, meta) in &*metas {
            if let Some(other) = by_id.insert(meta.id, slug) {
                problems.push(format!("articles {other} and {slug} have the same number"));
            }
        }
        let ids = by_id.keys().copied();
        if publications.articles != metas.len() as u64 || !ids.eq(1..=metas.len() as u64) {
            let (said, there) = (publications.articles, metas.len());
            problems.push(format!("the site has {said} articles by its count, and {there} with the numbers of some"));
        }
        let chain: Vec<_> = by_id.values().map(|slug| Some(slug.as_str())).collect();
        let slug_of = |adjacent: &Option<Adjacent>| adjacent.as_ref().map(|adjacent| adjacent.slug.clone());
        for (index, slug) in chain.iter().flatten().enumerate() {
            let Meta { prev, next, .. } = &metas[*slug];
            let around = |index: Option<usize>| index.and_then(|index| chain.get(index).copied().flatten());
            let is = |adjacent, index| slug_of(adjacent).as_deref() == around(index);
            if !is(prev, index.checked_sub(1)) || !is(next, index.checked_add(1)) {
                problems.push(format!("article {slug} names others than those beside it"));
            }
        }
        if slug_of(&publications.latest).as_deref() != chain.last().copied().flatten() {
            problems.push("the site names another than its latest article".to_owned());
        }
        let mut listed = BTreeMap::new();
        for (user, entries) in &*entries {
            for (position, (sk, entry)) in (1..).zip(entries) {
                if *sk != format!("ARTICLE#{position:012}") {
                    problems.push(format!("{user} has a gap before {sk}"));
                }
                if metas.get(&entry.slug).is_none_or(|meta| meta.id != entry.id) {
                    problems.push(format!("{user} lists article {}, which is not there", entry.slug));
                }
                *listed.entry(entry.slug.clone()).or_insert(0) += 1;
            }
        }
        let unlisted = metas.keys().filter(|slug| listed.get(*slug) != Some(&1));
        problems.extend(unlisted.map(|slug| format!("article {slug} is not in one list, but in another number")));
    }

    fn inspection(self) -> Inspection {
        let Self { accounts, profiles, metas, projects, images, mut problems, .. } = self;
        let images = images.into_iter().filter_map(|(user, image)| {
            // One without a profile is told of already.
            let username = profiles.get(&user)?.username.parse();
            username.map_err(|_| problems.push(format!("{user} has no valid username"))).ok().map(|name| (name, image))
        });
        let images = images.collect();
        let projects = projects.values().map(BTreeSet::len).sum();
        Inspection { accounts: accounts.len(), articles: metas.len(), projects, images, problems }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::business::Slug;
    use crate::database::keys::Key;

    /// A site of two authors.
    async fn site() -> Database {
        let database = Database::embedded(None).await.unwrap();
        let (ada, bob) = (samples::register(&database, "ada").await, samples::register(&database, "bob").await);
        for (author, title) in [(&ada, "A"), (&bob, "B"), (&ada, "C"), (&ada, "C")] {
            samples::publish(&database, author, title, "Text").await;
        }
        samples::create_project(&database, &bob, "P", "Text").await;
        samples::add_image(&database, &ada, 1).await;
        database
    }

    fn key(item: &Item) -> Key {
        let text = |name: &str| item[name].as_s().unwrap().clone();
        Key { pk: text("pk"), sk: text("sk") }
    }

    #[tokio::test]
    async fn nothing_is_wrong_with_a_site() {
        let Inspection { accounts, articles, projects, images, problems } = site().await.check().await.unwrap();
        assert_eq!((accounts, articles, projects, images.len(), problems), (2, 4, 1, 1, vec![]));
    }

    #[tokio::test]
    async fn whatever_is_missing_is_missed() {
        let (items, _) = site().await.table.scan(None).await.unwrap();
        assert!(items.len() > 15);
        for key in items.iter().map(key) {
            let database = site().await;
            database.table.delete(&key).await.unwrap();
            let wrong = !database.check().await.unwrap().problems.is_empty();
            // Nothing else says how many images there were; and counters only count on.
            let alone = ["IMAGE#", "ACCOUNTS", "PROJECTS", "NUMBERS"];
            assert_eq!(wrong, !alone.iter().any(|sk| key.sk.starts_with(sk)), "{key:?}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named() {
        let database = site().await;
        let slug = Slug::from_title("A");
        database.table.put(&keys::article_part(&slug, 0), &serde_json::json!({"content": "no"})).await.unwrap();
        let problems = database.check().await.unwrap().problems;
        assert!(problems.len() == 1 && problems[0].starts_with("article a cannot be read: "), "{problems:?}");
    }
}
