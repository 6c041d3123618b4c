//! Files that go missing, are swapped, or are damaged.

mod check;
mod log;
mod rerender;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use http::StatusCode;
use image::ImageFormat;
use serde_json::json;
use tempfile::tempdir;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, urls};
use crate::harness::{TestApp, run};

/// A folder that a server has written into.
async fn used(folder: &Path, articles: usize) {
    let app = TestApp::in_folder(folder);
    let token = app.author("ada").await;
    for number in 0..articles {
        app.publish(&token, &format!("Title {number}")).await;
    }
    // The counts are recorded by a job, or when the store is opened.
    drop(app);
    drop(TestApp::in_folder(folder));
}

/// Why the program does not start in a folder.
fn refusal(folder: &Path) -> String {
    let refused = run(&[], &[("DATA_DIR", folder.to_str().unwrap())]);
    assert_eq!(refused.status.code(), Some(1));
    String::from_utf8_lossy(&refused.stdout).into_owned()
}

/// What the subcommand `check` says of a folder, and whether it is content.
fn checked(folder: &Path) -> (bool, String) {
    let output = run(&["check"], &[("DATA_DIR", folder.to_str().unwrap())]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Words that no compression takes out.
fn random_words(count: usize) -> String {
    let words: Vec<_> = (0..count).map(|_| format!("{:016x}", rand::random::<u64>())).collect();
    words.join(" ")
}

fn remove_database(folder: &Path) {
    for name in ["talelio.db", "talelio.db-wal", "talelio.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
}

/// Puts the database of a folder in the place of another's.
fn copy_database(from: &Path, to: &Path) {
    remove_database(to);
    for name in ["talelio.db", "talelio.db-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_missing_database_is_not_begun_anew() {
    let folder = tempdir().unwrap();
    used(folder.path(), 0).await;
    remove_database(folder.path());
    assert!(refusal(folder.path()).contains("talelio.db is missing, but the folder has been in use"));
    // Also beside images alone.
    fs::remove_file(folder.path().join("store.json")).unwrap();
    fs::create_dir_all(folder.path().join("objects/users")).unwrap();
    assert!(refusal(folder.path()).contains("talelio.db is missing"));
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    TestApp::in_folder(folder.path()).register("ada").await;
}

#[tokio::test]
async fn another_database_is_not_served_in_its_place() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    used(folder.path(), 2).await;
    used(other.path(), 2).await;
    copy_database(other.path(), folder.path());
    assert!(refusal(folder.path()).contains("the database is that of another store"));
    remove_database(folder.path());
    fs::write(folder.path().join("talelio.db"), "").unwrap();
    assert!(refusal(folder.path()).contains("the database is empty, or of another program"));
}

#[tokio::test]
async fn an_older_database_is_not_served_in_its_place() {
    let (folder, older) = (tempdir().unwrap(), tempdir().unwrap());
    used(folder.path(), 1).await;
    copy_database(folder.path(), older.path());
    {
        let app = TestApp::in_folder(folder.path());
        let token = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
        app.publish(&token, "Later").await;
    }
    drop(TestApp::in_folder(folder.path()));
    copy_database(older.path(), folder.path());
    let refusal = refusal(folder.path());
    let fewer =
        "has fewer than there were (accounts: 1, articles: 1, projects: 0, and there were accounts: 1, articles: 2,";
    assert!(refusal.contains(fewer), "{refusal}");
    // Whoever means it says so.
    fs::remove_file(folder.path().join("store.json")).unwrap();
    TestApp::in_folder(folder.path()).log_in("ada").await;
}

#[tokio::test]
async fn a_database_that_has_lost_its_counts_is_mended() {
    let folder = tempdir().unwrap();
    used(folder.path(), 2).await;
    assert!(checked(folder.path()).0);
    let database = rusqlite::Connection::open(folder.path().join("talelio.db")).unwrap();
    database.execute("DELETE FROM talelio WHERE pk = 'S:SITE'", []).unwrap();
    database.execute("DELETE FROM talelio WHERE pk LIKE 'S:ARTICLE#%' AND sk <> 'S:META'", []).unwrap();
    drop(database);
    assert!(refusal(folder.path()).contains("run `talelio-backend check --repair` if this one is damaged"));
    run(&["check", "--repair"], &[("DATA_DIR", folder.path().to_str().unwrap())]);
    // No number is given out twice.
    let app = TestApp::in_folder(folder.path());
    let token = app.author("bob").await;
    assert_eq!(app.publish(&token, "Later").await.json()["article"]["id"], 3);
}

#[tokio::test]
async fn a_database_that_is_deleted_while_it_is_served_takes_no_writes() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    app.register("ada").await;
    fs::remove_dir_all(folder.path()).unwrap();
    let body = serde_json::json!({"email": "bob@example.com", "password": "a good password", "username": "bob"});
    let asked = Instant::now();
    let refused = app.post("/v1/accounts/register", &body).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.refusal(503), "Temporarily unavailable, try again");
    assert!(asked.elapsed() < Duration::from_secs(4));
    assert_eq!(app.get("/v1/ready").await.refusal(503), "Unavailable: table");
    app.process.wait_for("the database file was removed or replaced while it was in use");
}

#[tokio::test]
async fn a_damaged_image_is_not_shown() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let uploaded = app.send(upload(&token, &[("a.png", &encoded(&picture(800, 60), ImageFormat::Png))])).await;
    let image = path(&urls(&uploaded)[0]);
    let rendition = format!("{image}?width=320");
    let good = app.get(&rendition).await;
    assert_eq!((app.get(&image).await.status, good.status), (StatusCode::OK, StatusCode::OK));
    let objects = folder.path().join("objects").join(image.trim_start_matches("/v1/"));
    for file in fs::read_dir(&objects).unwrap() {
        let file = file.unwrap().path();
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(app.get(&image).await.refusal(500), "Internal server error");
    // A rendition could be made again, were it not for what it is made from.
    assert_eq!(app.get(&rendition).await.refusal(500), "Internal server error");
    fs::write(objects.join("original"), "").unwrap();
    assert_eq!(app.get(&image).await.refusal(500), "Internal server error");
    fs::remove_file(objects.join("original")).unwrap();
    assert_eq!(app.get(&image).await.refusal(500), "Internal server error");
    app.process.wait_for("is damaged");
    app.process.wait_for("is missing");
}

#[tokio::test]
async fn the_write_ahead_log_does_not_grow_with_what_is_written() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    for number in 0..80 {
        let words = random_words(10_000);
        let article =
            json!({"title": format!("Title {number}"), "body": format!("```\n{words}\n```"), "meta_description": ""});
        app.publish_article(&token, &article).await;
    }
    let bytes = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    let (database, log) = (bytes("talelio.db"), bytes("talelio.db-wal"));
    assert!(database > 6 << 20 && log < 5 << 20, "{database} bytes, and {log} in the log");
}
