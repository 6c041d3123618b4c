//! What is read from a file in which a bit is not what was written.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::{TempDir, tempdir};

use super::samples;
use crate::business::{
    AccountStore, ArticleStore, ImageStore, PageRequest, ProjectStore, Session, Slug, SweepStore as _,
};
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

impl Site {
    /// A data folder with these bytes as its database.
    fn copy(&self, bytes: &[u8]) -> TempDir {
        let folder = tempdir().unwrap();
        fs::copy(self.folder.path().join("store.json"), folder.path().join("store.json")).unwrap();
        fs::write(Path::new(folder.path()).join(FILE), bytes).unwrap();
        folder
    }
}

/// What is read wrongly from a file of these bytes.
async fn wrongly_read(site: &Site, bytes: &[u8]) -> Vec<String> {
    let folder = site.copy(bytes);
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

#[tokio::test]
async fn a_flipped_bit_of_the_engines_own_keys_is_mended() {
    let site = site().await;
    let image = samples::image(3).file;
    let keys = [
        format!("S:USER#adaS:IMAGE#{}", image.id()),
        "S:USER#adaS:ARTICLE#000000000003".to_owned(),
        "S:ARTICLE#title-4S:META".to_owned(),
        "S:USER#adaS:PROFILE".to_owned(),
    ];
    let mut flipped = 0;
    for key in keys {
        let places: Vec<_> =
            site.bytes.windows(key.len()).enumerate().filter(|(_, bytes)| *bytes == key.as_bytes()).collect();
        // In a row, and in the index.
        assert!(places.len() >= 2, "{key}");
        for (at, _) in places {
            for place in [at, at + key.len() - 1] {
                let mut bytes = site.bytes.clone();
                bytes[place] ^= 1;
                let folder = site.copy(&bytes);
                // An embedded database that is seen to have lost something is not opened.
                let Ok(database) = Database::embedded(Some(folder.path())).await else { continue };
                let problems = database.check().await.unwrap().problems;
                assert_eq!(problems.is_empty(), !database.may_hide_images().await.unwrap(), "{problems:?}");
                // Not where nothing is stored any more.
                flipped += usize::from(!problems.is_empty());
                let done = database.repair().await.unwrap();
                assert_eq!(
                    database.check().await.unwrap().problems,
                    Vec::<String>::new(),
                    "{key} at {place}: {problems:?} {done:?}"
                );
                assert_eq!(read(&database).await, site.good, "{key} at {place}: {done:?}");
            }
        }
    }
    assert!(flipped >= 10, "{flipped}");
}

#[tokio::test]
async fn what_the_engine_cannot_parse_is_mended_like_what_is_damaged() {
    let site = site().await;
    let image = format!("S:USER#adaS:IMAGE#{}", samples::image(3).file.id());
    for (key, is_made_again) in [
        ("S:USER#adaS:ARTICLE#000000000003", true),
        ("S:ARTICLE#title-4S:META", true),
        ("S:USER#adaS:PROFILE", true),
        ("S:SITES:PUBLICATIONS", true),
        ("S:ARTICLE#title-4S:PART#00", false),
        (image.as_str(), false),
    ] {
        let mut bytes = site.bytes.clone();
        // The row has the item after its key, and so have places where it was.
        let row = format!("{key}{{");
        let rows = site.bytes.windows(row.len()).enumerate().filter(|(_, bytes)| *bytes == row.as_bytes());
        for (at, _) in rows {
            bytes[at + key.len()] ^= 1;
        }
        let folder = site.copy(&bytes);
        let database = Database::embedded(Some(folder.path())).await.unwrap();
        assert!(!database.check().await.unwrap().problems.is_empty(), "{key}");
        let done = database.repair().await.unwrap();
        let problems = database.check().await.unwrap().problems;
        assert_eq!(problems.is_empty(), is_made_again, "{key}: {done:?} {problems:?}");
        let read = read(&database).await;
        if is_made_again {
            assert_eq!(read, site.good, "{key}: {done:?}");
        }
        assert!(read.iter().all(|(name, reading)| !wrong(reading, &site.good[name])), "{key}: {read:?}");
    }
}
