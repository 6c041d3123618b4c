//! Files that go missing, are swapped, or are damaged.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use image::ImageFormat;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, urls};
use crate::harness::{Request, TestApp, run};

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

/// What the subcommand `check` says of a folder, and whether it is content.
fn checked(folder: &Path) -> (bool, String) {
    let output = run(&["check"], &[("DATA_DIR", folder.to_str().unwrap())]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_found() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let words = random_words(1_000);
    app.publish_article(&token, &json!({"title": "Long", "body": words, "meta_description": ""})).await;
    app.publish(&token, "Short").await;
    let images = app.send(upload(&token, &[("a.png", &encoded(&picture(800, 60), ImageFormat::Png))])).await;
    let image = folder.path().join("objects").join(path(&urls(&images)[0]).trim_start_matches("/v1/"));
    let (content, said) = checked(folder.path());
    assert!(!content && said.contains("another process uses it"), "{said}");
    drop(app);
    assert_eq!(
        checked(folder.path()),
        (true, "1 account, 2 articles, 0 projects, 1 image\nnothing is wrong\n".to_owned())
    );

    fs::remove_file(image.join("original")).unwrap();
    for name in ["talelio.db", "talelio.db-wal"] {
        let Ok(mut bytes) = fs::read(folder.path().join(name)) else { continue };
        // A document as the engine stores it: its first bytes in base64.
        let begins: Vec<_> = bytes.windows(6).enumerate().filter(|(_, window)| window == b"ASi1L/").collect();
        let begins: Vec<_> = begins.into_iter().map(|(begin, _)| begin).collect();
        for begin in begins {
            let byte = &mut bytes[begin + 100];
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (content, said) = checked(folder.path());
    assert!(!content);
    for problem in ["article long cannot be read: ", "article short cannot be read: ", "of ada: the file of image"] {
        assert!(said.contains(problem), "{said}");
    }
    let app = TestApp::in_folder(folder.path());
    for slug in ["long", "short"] {
        assert_eq!(app.get(&format!("/v1/articles/{slug}")).await.refusal(500), "Internal server error");
    }
    // They take nothing else down.
    app.publish(&token, "Sound").await;
    let list = app.get("/v1/users/ada/articles").await;
    assert_eq!((list.status, list.header("x-unreadable-items")), (StatusCode::OK, Some("2")));
    assert_eq!(list.json()["articles"].as_array().unwrap().len(), 1);
    assert_eq!((list.header("x-total-count"), &list.json()["articles"][0]["slug"]), (Some("3"), &json!("sound")));
}

/// Replaces a text in the database with another of its length, as often as it is there.
fn replace_in_database(folder: &Path, text: &str, other: &str) {
    assert_eq!(text.len(), other.len());
    let file = folder.join("talelio.db");
    let mut bytes = fs::read(&file).unwrap();
    let found: Vec<_> = (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text.as_bytes())).collect();
    assert!(!found.is_empty(), "{text} is not in the database");
    for at in found {
        bytes[at..at + text.len()].copy_from_slice(other.as_bytes());
    }
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn what_others_tell_of_is_mended() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    app.publish(&token, "One").await;
    app.publish(&token, "Two").await;
    let uploaded = app.send(upload(&token, &[("a.png", &encoded(&picture(813, 60), ImageFormat::Png))])).await;
    let image = path(&urls(&uploaded)[0]);
    let list = app.get("/v1/users/ada/articles").await;
    let images = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&token)).await.json();
    drop(app);
    assert!(checked(folder.path()).0);
    // The counts of the site and of the author, and how wide the image is.
    replace_in_database(folder.path(), r#""articles":{"N":"2"}"#, r#""articles":{"N":"3"}"#);
    replace_in_database(folder.path(), r#""N":"813""#, r#""N":"913""#);
    let (content, said) = checked(folder.path());
    assert!(!content && said.contains("PROFILE cannot be read: the item USER#ada PROFILE is damaged"), "{said}");
    assert!(said.contains("IMAGE#"), "{said}");

    let mended = run(&["check", "--repair"], &[("DATA_DIR", folder.path().to_str().unwrap())]);
    let said = String::from_utf8_lossy(&mended.stdout);
    assert!(mended.status.success(), "{said}");
    for line in ["mended: the profile of ada was made again", "is listed again, as its file is"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(
        checked(folder.path()),
        (true, "1 account, 2 articles, 0 projects, 1 image\nnothing is wrong\n".to_owned())
    );
    let app = TestApp::in_folder(folder.path());
    assert_eq!(app.get("/v1/users/ada/articles").await.body, list.body);
    let again = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&token)).await.json();
    assert_eq!(without_dates(again), without_dates(images));
    assert_eq!(app.get(&image).await.status, StatusCode::OK);
    app.publish(&token, "Three").await;
}

/// A list of images. When one was uploaded is known to the second alone after it was mended.
fn without_dates(mut list: Value) -> Value {
    for image in list["images"].as_array_mut().unwrap() {
        image.as_object_mut().unwrap().remove("created_at").unwrap();
    }
    list
}

#[tokio::test]
async fn what_the_engine_can_make_nothing_of_is_mended() {
    let folder = tempdir().unwrap();
    author_with_everything(folder.path()).await;
    // What the engine keeps is no JSON any more.
    replace_in_database(folder.path(), r#""N":"813""#, r#""N" "813""#);
    let (content, said) = checked(folder.path());
    assert!(!content && said.contains("a part of the table cannot be read: "), "{said}");
    assert!(said.contains("1 article,") && said.contains("run `talelio-backend check --repair`"), "{said}");
    let mended = run(&["check", "--repair"], &[("DATA_DIR", folder.path().to_str().unwrap())]);
    let said = String::from_utf8_lossy(&mended.stdout);
    assert!(mended.status.success() && said.contains("is listed again, as its file is"), "{said}");
    assert!(checked(folder.path()).0);
}

#[tokio::test]
async fn a_database_that_was_cut_short_needs_a_backup() {
    let folder = tempdir().unwrap();
    used(folder.path(), 2).await;
    assert!(checked(folder.path()).0);
    let file = folder.path().join("talelio.db");
    let bytes = fs::read(&file).unwrap();
    for length in [5_000, bytes.len() / 2, bytes.len() - 4_096] {
        fs::write(&file, &bytes[..length]).unwrap();
        let folder = folder.path().to_str().unwrap();
        let refused = run(&["check", "--repair"], &[("DATA_DIR", folder)]);
        let said = String::from_utf8_lossy(&refused.stdout);
        assert!(!refused.status.success() && said.contains("backup"), "{length}: {said}");
    }
}

#[test]
fn an_empty_folder_is_no_store() {
    let folder = tempdir().unwrap();
    let (content, said) = checked(folder.path());
    assert!(!content && said.contains("there is no store in "), "{said}");
    assert!(!folder.path().join("talelio.db").exists());
}

#[tokio::test]
async fn a_damaged_id_of_the_store_is_written_again() {
    let folder = tempdir().unwrap();
    used(folder.path(), 1).await;
    assert!(checked(folder.path()).0);
    let record: Value = serde_json::from_slice(&fs::read(folder.path().join("store.json")).unwrap()).unwrap();
    let id = record["id"].as_str().unwrap();
    replace_in_database(folder.path(), id, &id.replace('-', "_"));
    TestApp::in_folder(folder.path()).log_in("ada").await;
    assert!(checked(folder.path()).0);
}

/// An author with an article and an image, and the server stopped.
async fn author_with_everything(folder: &Path) -> (String, String) {
    let app = TestApp::in_folder(folder);
    let token = app.author("ada").await;
    app.publish(&token, "One").await;
    let uploaded = app.send(upload(&token, &[("a.png", &encoded(&picture(813, 60), ImageFormat::Png))])).await;
    drop(app);
    assert!(checked(folder).0);
    (token, path(&urls(&uploaded)[0]))
}

#[tokio::test]
async fn what_the_engine_can_make_nothing_of_is_not_taken_for_missing() {
    let failed = "Internal server error";
    let account = |name: &str| json!({"email": "ada@example.com", "password": "a good password", "username": name});

    let folder = tempdir().unwrap();
    author_with_everything(folder.path()).await;
    replace_in_database(folder.path(), r#""password":{"S""#, r#""password":{"S'"#);
    let app = TestApp::in_folder(folder.path());
    assert_eq!(app.post("/v1/accounts/login", &account("ada")).await.refusal(500), failed);
    assert_eq!(app.post("/v1/accounts/register", &account("other")).await.refusal(500), failed);

    let folder = tempdir().unwrap();
    let (token, image) = author_with_everything(folder.path()).await;
    replace_in_database(folder.path(), r#""avatar_url":{"S""#, r#""avatar_url":{"S'"#);
    replace_in_database(folder.path(), r#""N":"813""#, r#""N" "813""#);
    let app = TestApp::in_folder(folder.path());
    let article = json!({"title": "Two", "body": "text", "meta_description": ""});
    let publish = Request::new(Method::POST, "/v1/articles").bearer(&token).json(&article);
    assert_eq!(app.send(publish).await.refusal(500), failed);
    let other = json!({"email": "b@example.com", "password": "a good password", "username": "ada"});
    for (path, body) in [("/v1/accounts/register", &other), ("/v1/projects", &article)] {
        let request = Request::new(Method::POST, path).bearer(&token).json(body);
        assert_eq!(app.send(request).await.refusal(500), failed, "{path}");
    }
    for path in ["/v1/articles/one", "/v1/users/ada/articles", "/v1/users/ada/projects", &image] {
        assert_eq!(app.get(path).await.refusal(500), failed, "{path}");
    }
}

#[tokio::test]
async fn a_damaged_counter_does_not_begin_anew() {
    let folder = tempdir().unwrap();
    author_with_everything(folder.path()).await;
    replace_in_database(folder.path(), r#""last":{"N""#, r#""last":{"N'"#);
    let app = TestApp::in_folder(folder.path());
    let body = json!({"email": "b@example.com", "password": "a good password", "username": "bob"});
    assert_eq!(app.post("/v1/accounts/register", &body).await.refusal(500), "Internal server error");
}
