//! What is read from a file in which a bit is not what was written.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::{TempDir, tempdir};

use super::Database;
use crate::business::{
    AccountStore, ArticleStore, Image, ImageStore, NewAccount, NewArticle, NewProject, PageRequest, PasswordHash,
    ProjectStore, Session, Slug, Timestamp,
};

const FILE: &str = "talelio.db";

/// What was read: none if there was nothing, or it could not be.
type Reading = Option<Found>;

/// Items by what they say, and whether some are said to be missing.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    items: Vec<String>,
    /// None where nothing says how many there should be.
    total: Option<u64>,
    unreadable: usize,
}

fn now() -> Timestamp {
    "2026-03-14T15:09:26Z".parse().unwrap()
}

fn session() -> Session {
    Session { user_id: 1, username: "ada".parse().unwrap() }
}

/// Stores an author's articles, projects and images.
async fn fill(database: &Database) {
    let new = NewAccount {
        created_at: now(),
        email: "ada@example.com".parse().unwrap(),
        username: session().username,
        password: PasswordHash::from_stored("x".to_owned()),
    };
    database.register(new, None, None).await.unwrap();
    for number in 0..8 {
        let title = format!("Title {number}");
        let words: Vec<_> = (0..200).map(|word| (word * (number + 7_919) % 10_007).to_string()).collect();
        let article = NewArticle {
            created_at: now(),
            title: title.parse().unwrap(),
            slug: Slug::from_title(&title),
            body: words.join(" "),
            meta_description: String::new(),
            featured_image: None,
            rendered: <_>::default(),
        };
        database.publish(article, &session(), None).await.unwrap();
        let project = NewProject {
            created_at: now(),
            title: title.parse().unwrap(),
            body: words[..40].join(" "),
            html: String::new(),
        };
        database.create(project, &session(), None).await.unwrap();
        let image = Image {
            file: format!("a_0198c0de-0000-7000-8000-00000000000{number}.png").parse().unwrap(),
            created_at: now(),
            width: 1,
            height: 1,
            bytes: 1,
            animated: false,
            checksum: None,
        };
        database.add(&session(), &[image], None).await.unwrap();
    }
}

fn texts(items: &[impl Debug]) -> Vec<String> {
    items.iter().map(|item| format!("{item:?}")).collect()
}

/// Everything that readers are shown.
async fn read(database: &Database) -> BTreeMap<String, Reading> {
    let username = session().username;
    let mut read = BTreeMap::new();
    for number in 0..8 {
        let slug = Slug::from_title(&format!("Title {number}"));
        let article = database.article(&slug).await.ok().flatten();
        let found = article.map(|article| Found { items: texts(&[article]), total: Some(1), unreadable: 0 });
        read.insert(format!("article {slug}"), found);
    }
    for page in 1..=2 {
        let request = PageRequest::new(page, 5);
        let articles = match database.articles_of(&username, request).await {
            Ok(Some((page, author))) => {
                let items = [texts(&page.items), texts(&[author])].concat();
                Some(Found { items, total: Some(page.total), unreadable: page.unreadable })
            }
            // Which is shown as if there were no such user.
            Ok(None) => Some(Found { items: vec![], total: Some(0), unreadable: 0 }),
            Err(_) => None,
        };
        read.insert(format!("articles, page {page}"), articles);
        let projects = database.projects_of(&username, request).await.ok().flatten();
        let found = projects.map(|page| Found {
            items: texts(&page.items),
            total: Some(page.total),
            unreadable: page.unreadable,
        });
        read.insert(format!("projects, page {page}"), found);
    }
    let images = database.images_of(&username, None, 100).await.ok();
    let found = images.map(|page| Found { items: texts(&page.images), total: None, unreadable: page.unreadable });
    read.insert("images".to_owned(), found);
    let user = database.user(&username).await.ok().flatten();
    read.insert("user".to_owned(), user.map(|user| Found { items: texts(&[user]), total: Some(1), unreadable: 0 }));
    read
}

/// What is wrong with a reading, compared with what there was.
fn wrong(reading: &Reading, good: &Reading) -> bool {
    let (Some(reading), Some(good)) = (reading, good) else { return false };
    // Without those that are told of, in the same order.
    let mut rest = good.items.iter();
    let in_order = reading.items.iter().all(|item| rest.any(|other| other == item));
    let told = good.total.is_none() || reading.items.len() + reading.unreadable == good.items.len();
    !in_order || reading.total != good.total || !told
}

struct Site {
    folder: TempDir,
    bytes: Vec<u8>,
    good: BTreeMap<String, Reading>,
}

async fn site() -> Site {
    let folder = tempdir().unwrap();
    let database = Database::embedded(Some(folder.path())).await.unwrap();
    fill(&database).await;
    let good = read(&database).await;
    assert!(good.values().all(Option::is_some), "{good:?}");
    drop(database);
    let bytes = fs::read(folder.path().join(FILE)).unwrap();
    assert!(!folder.path().join("talelio.db-wal").exists());
    Site { folder, bytes, good }
}

/// What is read wrongly from a file of these bytes.
async fn wrongly_read(site: &Site, bytes: &[u8]) -> Vec<String> {
    let folder = tempdir().unwrap();
    let copy = |name: &str| fs::copy(site.folder.path().join(name), folder.path().join(name)).unwrap();
    copy("store.json");
    fs::write(Path::new(folder.path()).join(FILE), bytes).unwrap();
    let Ok(database) = Database::embedded(Some(folder.path())).await else { return Vec::new() };
    let read = read(&database).await;
    let wrong = read.iter().filter(|(name, reading)| wrong(reading, &site.good[*name]));
    wrong.map(|(name, reading)| format!("{name}: {reading:?}")).collect()
}

/// How many bits are flipped, one after the other: `FLIPPED_BITS`, or a few.
fn count() -> usize {
    std::env::var("FLIPPED_BITS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

#[tokio::test]
async fn no_flipped_bit_of_the_file_is_read_as_something_else() {
    let site = site().await;
    assert_eq!(wrongly_read(&site, &site.bytes).await, Vec::<String>::new());
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..count() {
        let bit = random.random_range(0..8 * site.bytes.len());
        let mut bytes = site.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let wrong = wrongly_read(&site, &bytes).await;
        assert!(wrong.is_empty(), "bit {bit}: {wrong:#?}");
    }
}
