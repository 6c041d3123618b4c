//! The write-ahead log that a process leaves when it is killed.

use std::fs;

use serde_json::json;
use tempfile::{TempDir, tempdir};

use super::{checked, random_words, refusal, used};
use crate::harness::{TestApp, run};

#[tokio::test]
async fn the_log_of_another_database_is_not_written_into_it() {
    let (folder, backup) = (tempdir().unwrap(), tempdir().unwrap());
    used(folder.path(), 3).await;
    assert!(checked(folder.path()).0, "and the log is written into the database");
    let database = folder.path().join("talelio.db");
    fs::copy(&database, backup.path().join("talelio.db")).unwrap();
    let mut app = TestApp::in_folder(folder.path());
    let token = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
    // So much that the log was written into the database meanwhile, and began anew.
    for number in 0..50 {
        let body = format!("```\n{}\n```", random_words(10_000));
        let article = json!({"title": format!("Later {number}"), "body": body, "meta_description": ""});
        app.publish_article(&token, &article).await;
    }
    app.process.kill();
    let log = fs::read(folder.path().join("talelio.db-wal")).unwrap();
    assert!(!log.is_empty());
    // Put back, but the log is forgotten.
    fs::copy(backup.path().join("talelio.db"), &database).unwrap();
    fs::remove_file(folder.path().join("store.json")).unwrap();
    let before = fs::read(&database).unwrap();
    let data_dir = ("DATA_DIR", folder.path().to_str().unwrap());
    for arguments in [&["check"][..], &["check", "--repair"], &[]] {
        let said = run(arguments, &[data_dir]).stdout;
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("talelio.db-wal is the log of another database"), "{said}");
    }
    assert!(refusal(folder.path()).contains("remove it if talelio.db was put back from a backup"));
    assert_eq!(fs::read(&database).unwrap(), before);
    assert_eq!(fs::read(folder.path().join("talelio.db-wal")).unwrap(), log);
    fs::remove_file(folder.path().join("talelio.db-wal")).unwrap();
    let app = TestApp::in_folder(folder.path());
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("3"));
}

#[tokio::test]
async fn the_log_of_a_process_that_was_killed_is_taken_though_it_is_older() {
    let folder = killed(1).await;
    assert!(folder.path().join("talelio.db-wal").exists());
    // As after a move to another disk, in any order.
    let database = folder.path().join("talelio.db");
    fs::set_permissions(&database, fs::metadata(&database).unwrap().permissions()).unwrap();
    let app = TestApp::in_folder(folder.path());
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("1"));
}

#[tokio::test]
async fn a_stop_records_how_much_there_is() {
    let folder = tempdir().unwrap();
    let mut app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    app.publish(&token, "One").await;
    app.process.terminate();
    assert_eq!(app.process.wait().code(), Some(0));
    let record = fs::read_to_string(folder.path().join("store.json")).unwrap();
    assert!(record.contains(r#""accounts":1,"articles":1"#), "{record}");
}

/// A folder whose server was killed after so many articles.
async fn killed(articles: usize) -> TempDir {
    let folder = tempdir().unwrap();
    let mut app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    for number in 0..articles {
        app.publish(&token, &format!("Title {number}")).await;
    }
    app.process.kill();
    folder
}

#[tokio::test]
async fn a_damaged_log_is_not_cut_short() {
    for (seed, place) in [10, 20, 30, 40, 45, 60, 3_000, 5_000, 200_000].into_iter().enumerate() {
        let folder = killed(12).await;
        let log = folder.path().join("talelio.db-wal");
        let mut bytes = fs::read(&log).unwrap();
        bytes[place] ^= 1 << (seed % 8);
        fs::write(&log, &bytes).unwrap();
        for arguments in [&["check"][..], &[]] {
            let said = run(arguments, &[("DATA_DIR", folder.path().to_str().unwrap())]).stdout;
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains("talelio.db-wal is damaged, and has what was written last"), "{place}: {said}");
            assert_eq!(fs::read(&log).unwrap(), bytes, "{place}");
        }
        let said = run(&["check", "--repair"], &[("DATA_DIR", folder.path().to_str().unwrap())]).stdout;
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("all of the damaged log was written into the database file"), "{place}: {said}");
        assert_eq!(fs::read(folder.path().join("talelio.db-wal.damaged-1")).unwrap(), bytes, "{place}");
        assert!(said.ends_with("nothing is wrong\n"), "{place}: {said}");
        let app = TestApp::in_folder(folder.path());
        let list = app.get("/v1/users/ada/articles").await;
        assert_eq!(list.header("x-total-count"), Some("12"), "{place}: {said}");
    }
}

#[tokio::test]
async fn what_a_power_cut_leaves_of_a_log_is_taken() {
    let folder = killed(4).await;
    let log = folder.path().join("talelio.db-wal");
    let bytes = fs::read(&log).unwrap();
    // The last transaction got to the disk in part: its last frame, and not the one before.
    let mut torn = bytes.clone();
    let frame = 24 + 4_096;
    let last = bytes.len() - frame;
    torn[last - frame / 2] ^= 1;
    for torn in [&torn[..], &bytes[..last + 100]] {
        let copy = tempdir().unwrap();
        for name in ["talelio.db", "store.json", "secret_key"] {
            fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        fs::write(copy.path().join("talelio.db-wal"), torn).unwrap();
        let app = TestApp::in_folder(copy.path());
        assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("3"));
    }
}
