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
    AccountStore, ArticleList, ArticleStore, Detail, ImageStore, Listing, PageRequest, Pages, Part, ProjectStore,
    Selection, Session, Slug, SweepStore as _,
};
use crate::database::Database;
use crate::database::articles::HeadItem;
use crate::database::keys;

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
        let list = ArticleList::Author(username.clone());
        let (part, pages) = (Part::visible(samples::now()), Pages::Number(request));
        let articles =
            match database.list(&list, Selection { part, pages, detail: Detail::default() }, samples::now()).await {
                Ok(Some(Listing { page, author, .. })) => {
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
    /// The engine's keys of the texts of articles 5 and 6, which are their parts' partition and sort keys.
    texts: [String; 2],
    good: BTreeMap<String, Reading>,
}

async fn site() -> Site {
    let folder = tempdir().unwrap();
    let database = Database::embedded(Some(folder.path())).await.unwrap();
    fill(&database).await;
    let good = read(&database).await;
    assert!(good.values().all(Option::is_some), "{good:?}");
    let text = async |id| {
        let head: HeadItem = database.table.get(&keys::article(id)).await.unwrap().unwrap();
        format!("S:CONTENT#{}S:PART#00", head.content.id)
    };
    let texts = [text(5).await, text(6).await];
    drop(database);
    let bytes = fs::read(folder.path().join(FILE)).unwrap();
    assert!(!folder.path().join("talelio.db-wal").exists());
    Site { folder, bytes, texts, good }
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

/// Repairs what is in a folder, and says what was done.
async fn repair(folder: &Path) -> Result<(Database, Vec<String>), String> {
    let (database, recovery) = Database::for_repair(folder).await.map_err(|error| format!("{error:?}"))?;
    let mut done = [recovery.done, recovery.lost].concat();
    done.extend(database.repair(samples::now()).await.map_err(|error| format!("{error:?}"))?);
    Ok((database, done))
}

/// Whether a repair lets everything be read that could be, and leaves nothing to do for another.
async fn assert_nothing_lost(site: &Site, bytes: &[u8], what: &str) {
    let folder = site.copy(bytes);
    let before = match Database::embedded(Some(folder.path())).await {
        Ok(database) => read(&database).await,
        Err(_) => BTreeMap::new(),
    };
    let Ok((database, done)) = repair(folder.path()).await else { return };
    let after = read(&database).await;
    let lost =
        before.iter().filter(|(name, reading)| **reading == site.good[*name] && after[*name] != site.good[*name]);
    let lost: Vec<_> = lost.map(|(name, _)| format!("{name}: {:?}", after[name])).collect();
    assert!(lost.is_empty(), "{what}: {done:?} {lost:#?}");
    let wrong = after.iter().filter(|(name, reading)| wrong(reading, &site.good[*name]));
    let wrong: Vec<_> = wrong.map(|(name, reading)| format!("{name}: {reading:?}")).collect();
    assert!(wrong.is_empty(), "{what}: {done:?} {wrong:#?}");
    drop(database);
    assert!(Database::embedded(Some(folder.path())).await.is_ok(), "{what}: {done:?}");
    assert_eq!(repair(folder.path()).await.unwrap().1, Vec::<String>::new(), "{what}: {done:?}");
}

#[tokio::test]
async fn a_repair_loses_nothing_that_could_be_read() {
    let site = site().await;
    let mut random = StdRng::seed_from_u64(11);
    for case in 0..count() {
        let mut bytes = site.bytes.clone();
        let bits: Vec<_> = (0..=case % 2).map(|_| random.random_range(0..8 * bytes.len())).collect();
        for bit in &bits {
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_nothing_lost(&site, &bytes, &format!("bits {bits:?}")).await;
    }
}

/// Where a row, or a place where one was, has something.
fn places<'s>(site: &'s Site, text: &'s str) -> impl Iterator<Item = usize> + 's {
    site.bytes.windows(text.len()).enumerate().filter(move |(_, bytes)| *bytes == text.as_bytes()).map(|(at, _)| at)
}

/// The row of one of the engine's keys, as it stands in the file.
fn row(site: &Site, key: &str) -> String {
    let folder = site.copy(&site.bytes);
    let connection = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
    let item = "SELECT item_json FROM talelio WHERE pk || sk = ?1";
    let item: String = connection.query_row(item, [key], |row| row.get(0)).expect(key);
    format!("{key}{item}")
}

#[tokio::test]
async fn a_flipped_bit_of_the_engines_own_keys_is_mended() {
    let site = site().await;
    let mut flipped = 0;
    for key in [
        &format!("S:USER#adaS:IMAGE#{}", samples::image(3).file.id()),
        "S:LIST#AUTHOR#adaS:ROOT",
        "S:USER#adaS:PROJECT#000000000003",
        "S:SLUG#title-4S:ARTICLE",
        "S:ARTICLE#000000000005S:HEAD",
        &site.texts[0],
        "S:USER#adaS:PROFILE",
        "S:SITES:ARTICLES",
        "S:SITES:ACCOUNTS",
    ] {
        for at in places(&site, key) {
            for place in [at, at + 4, at + key.len() - 1] {
                let mut bytes = site.bytes.clone();
                bytes[place] ^= 1;
                let folder = site.copy(&bytes);
                if let Ok(database) = Database::embedded(Some(folder.path())).await {
                    let problems = database.check().await.unwrap().everything();
                    assert_eq!(problems.is_empty(), !database.may_hide_images().await.unwrap(), "{problems:?}");
                    // Not where nothing is stored any more.
                    flipped += usize::from(!problems.is_empty());
                }
                let (database, done) = repair(folder.path()).await.unwrap();
                let problems = database.check().await.unwrap().everything();
                assert_eq!(problems, Vec::<String>::new(), "{key} at {place}: {done:?}");
                assert_eq!(read(&database).await, site.good, "{key} at {place}: {done:?}");
            }
        }
    }
    assert!(flipped > 20, "{flipped}");
}

#[tokio::test]
async fn what_the_engine_cannot_parse_is_mended_like_what_is_damaged() {
    let site = site().await;
    let image = format!("S:USER#adaS:IMAGE#{}", samples::image(3).file.id());
    for (key, is_made_again) in [
        ("S:LIST#AUTHOR#adaS:ROOT", true),
        ("S:SLUG#title-4S:ARTICLE", true),
        ("S:ARTICLE#000000000005S:HEAD", true),
        ("S:USER#adaS:PROFILE", true),
        ("S:SITES:ARTICLES", true),
        ("S:SITES:CHANGES", true),
        ("S:SITES:FORMAT", true),
        ("S:SITES:ACCOUNTS", true),
        (&site.texts[0], false),
        (&image, false),
    ] {
        // No JSON, and no UTF-8.
        for (offset, bit) in [(0, 1), (3, 128)] {
            let mut bytes = site.bytes.clone();
            // The row has the item after its key. What is left of one that was there before may be part of
            // something else by now.
            for at in places(&site, &row(&site, key)) {
                bytes[at + key.len() + offset] ^= bit;
            }
            let folder = site.copy(&bytes);
            if let Ok(database) = Database::embedded(Some(folder.path())).await {
                assert!(!database.check().await.unwrap().everything().is_empty(), "{key}");
            }
            let (database, done) = repair(folder.path()).await.expect(key);
            let problems = database.check().await.unwrap().everything();
            assert_eq!(problems.is_empty(), is_made_again, "{key}: {done:?} {problems:?}");
            drop(database);
            assert_nothing_lost(&site, &bytes, key).await;
        }
    }
}

#[tokio::test]
async fn a_repair_takes_nothing_for_a_copy_of_something_else() {
    let site = site().await;
    let item = |key: &str| format!("(SELECT item_json FROM talelio WHERE pk || sk = '{key}')");
    let [four, five] = &site.texts;
    let partition = |key: &str| key.trim_start_matches("S:").trim_end_matches("S:PART#00").to_owned();
    let (four_pk, five_pk) = (partition(four), partition(five));
    for (what, statements) in [
        ("the key in an item is that of another", vec![
            format!("UPDATE talelio SET item_json = replace(item_json, '{four_pk}', '{five_pk}') WHERE pk || sk = '{four}'"),
        ]),
        ("two items are where the other should be", vec![
            format!("CREATE TABLE kept AS SELECT {} AS item", item(four)),
            format!("UPDATE talelio SET item_json = {} WHERE pk || sk = '{four}'", item(five)),
            format!("UPDATE talelio SET item_json = (SELECT item FROM kept) WHERE pk || sk = '{five}'"),
            "DROP TABLE kept".to_owned(),
        ]),
        ("one is elsewhere, and a damaged copy is in its place", vec![
            format!("UPDATE talelio SET sk = 'S:PART#00x' WHERE pk || sk = '{four}'"),
            "INSERT INTO talelio SELECT pk, 'S:PART#00', replace(item_json, 'content', 'contenu'), item_size, NULL, hash_prefix \
             FROM talelio WHERE sk = 'S:PART#00x'".to_owned(),
        ]),
        ("one has another's key, and something cannot be parsed", vec![
            format!("UPDATE talelio SET pk = 'S:{five_pk}', sk = 'S:PART#0' WHERE pk || sk = '{four}'"),
            "UPDATE talelio SET item_json = 'x' WHERE pk = 'S:SITE' AND sk = 'S:ARTICLES'".to_owned(),
        ]),
        ("a text is a blob, and the size of an item is none", vec![
            format!("UPDATE talelio SET item_json = CAST(item_json AS BLOB) WHERE pk || sk = '{four}'"),
            format!("UPDATE talelio SET item_size = 'x' WHERE pk || sk = '{five}'"),
        ]),
    ] {
        let folder = site.copy(&site.bytes);
        let connection = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
        for statement in &statements {
            connection.execute_batch(statement).expect(what);
        }
        drop(connection);
        let bytes = fs::read(folder.path().join(FILE)).unwrap();
        assert_nothing_lost(&site, &bytes, what).await;
        let (database, done) = repair(folder.path()).await.unwrap();
        let read = read(&database).await;
        for article in [4, 5] {
            let name = format!("article title-{article}");
            let is_lost = what.contains("that of another") && article == 4 && read[&name].is_none();
            assert!(is_lost || read[&name] == site.good[&name], "{what}: {done:?} {:?}", read[&name]);
        }
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_behind() {
    let site = site().await;
    let key = "S:USER#adaS:PROFILE";
    let mut made_again = 0;
    // In the header of the row, before its first column.
    for (at, offset) in places(&site, &format!("{key}{{")).flat_map(|at| (1..6).map(move |offset| (at, offset))) {
        for bit in [1, 64] {
            let mut bytes = site.bytes.clone();
            bytes[at - offset] ^= bit;
            let folder = site.copy(&bytes);
            let Ok((database, done)) = repair(folder.path()).await else { continue };
            made_again += usize::from(done.iter().any(|done| done.contains("the database file was made again")));
            assert_eq!(read(&database).await, site.good, "{offset} {bit}: {done:?}");
        }
    }
    assert!(made_again > 5, "{made_again}");
}
