//! What `check` finds, and what `check --repair` mends.

use std::fs;
use std::path::Path;

use http::{Method, StatusCode};
use image::ImageFormat;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::{checked, random_words, used};
use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, urls};
use crate::harness::{Request, TestApp, run};

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
    // What the author is shown with, and how wide the image is.
    replace_in_database(folder.path(), "default.jpg", "default.jpX");
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
