//! What is read from a file in which a bit is not what was written.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::{TempDir, tempdir};

use super::samples;
use crate::business::{AccountStore, ArticleStore, ImageStore, PageRequest, ProjectStore, Session, Slug};
use crate::database::Database;

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

fn session() -> Session {
    Session { user_id: 1, username: "ada".parse().unwrap() }
}

/// Stores an author's articles, projects and images.
async fn fill(database: &Database) {
    samples::register(database, session().username.as_str()).await;
    for number in 0..8 {
        let title = format!("Title {number}");
        let words: Vec<_> = (0..200).map(|word| (word * (usize::from(number) + 7_919) % 10_007).to_string()).collect();
        samples::publish(database, &session(), &title, &words.join(" ")).await;
        samples::create_project(database, &session(), &title, &words[..40].join(" ")).await;
        samples::add_image(database, &session(), number).await;
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
