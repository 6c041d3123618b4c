//! The program itself: its command line, its files, and how it starts and dies.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use http::StatusCode;
use image::ImageFormat;
use serde_json::json;
use tempfile::tempdir;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::upload;
use crate::harness::{Process, TestApp, run};

fn printed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_documents_every_variable() {
    let help = run(&["--help"], &[]);
    assert!(help.status.success());
    let help = printed(&help.stdout);
    for name in [
        "ENV",
        "HOST",
        "PORT",
        "SECRET_KEY",
        "DATA_DIR",
        "DYNAMODB_TABLE",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "API_BASE_URL",
        "SITE_BASE_URL",
        "CORS_ORIGINS",
        "COOKIE_DOMAIN",
        "WHITELISTED_EMAILS",
        "EMAIL_SERVER",
        "EMAIL_USER",
        "EMAIL_PASS",
        "EMAIL_SENDER",
        "RUST_LOG",
        "create-table",
    ] {
        assert!(help.contains(&format!("  {name}")), "{name} is not in\n{help}");
    }
    // What the docs tell is what the program tells.
    let docs = include_str!("../../docs/configuration.md");
    let names = help.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in
        names.map(str::trim).filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c)))
    {
        assert!(docs.contains(&format!("`{name}`")), "the docs do not mention {name}");
    }
}

#[test]
fn all_problems_of_the_configuration_are_told_at_once() {
    let variables = [("ENV", "production"), ("PORT", "x"), ("SITE_BASE_URL", "x")];
    let refused = run(&[], &variables);
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(printed(&refused.stderr), @"
    talelio-backend cannot start:
      SECRET_KEY: required in production, 32 bytes or more
      PORT: expected a port, 0 to 65535, not `x`
      SITE_BASE_URL: expected a URL such as https://www.talel.io, not `x`
    `talelio-backend --help` lists every variable.
    ");
}

#[test]
fn a_table_that_is_missing_is_named() {
    let endpoint = std::env::var("TALELIO_TEST").ok().and_then(|t| t.strip_prefix("dynamodb=").map(str::to_owned));
    // Without an engine at hand, one that refuses the connection must not keep the server from starting.
    let Some(endpoint) = endpoint else {
        let variables = [("DYNAMODB_TABLE", "none"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")];
        Process::serve(&variables).wait_for("DynamoDB is not reachable yet");
        return;
    };
    let refused = run(&[], &[("DYNAMODB_TABLE", "no-such-table"), ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(printed(&refused.stdout).contains("there is no table no-such-table: make it with"));
}

#[test]
fn making_the_table_twice_is_making_it_once() {
    let folder = tempdir().unwrap();
    let endpoint = std::env::var("TALELIO_TEST").ok().and_then(|t| t.strip_prefix("dynamodb=").map(str::to_owned));
    let table = format!("twice-{}", std::process::id());
    let variables = match &endpoint {
        Some(endpoint) => vec![("DYNAMODB_TABLE", table.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", endpoint)],
        None => vec![("DATA_DIR", folder.path().to_str().unwrap())],
    };
    for round in 0..2 {
        let made = run(&["create-table"], &variables);
        assert!(made.status.success(), "{}", printed(&made.stdout));
        let said = printed(&made.stdout);
        let expected = if round == 0 && endpoint.is_some() { "created" } else { "was there" };
        assert!(said.contains(expected) && said.contains("time to live on expires_at"), "{said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = run(&[], &[("PORT", &port)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(printed(&refused.stdout).contains(&format!("127.0.0.1:{port}: Address already in use")));
}

#[tokio::test]
async fn the_data_folder_belongs_to_one_process_and_its_owner() {
    let parent = tempdir().unwrap();
    let folder = parent.path().join("data");
    let app = TestApp::in_folder(&folder);
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(folder.join("secret_key").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    app.register("ada").await;
    app.verification_token().await;
    let token = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
    app.send(upload(&token, &[("a.png", &encoded(&picture(8, 8), ImageFormat::Png))])).await;
    assert_for_owner_only(&folder);
    let second = run(&[], &[("DATA_DIR", folder.to_str().unwrap())]);
    assert_eq!(second.status.code(), Some(1));
    assert!(printed(&second.stdout).contains("another process uses it"), "{}", printed(&second.stdout));
    let mail = folder.join("outbox").read_dir().unwrap().next().unwrap().unwrap();
    let mail = std::fs::read_to_string(mail.path()).unwrap();
    assert!(mail.contains("To: ada@example.com") && mail.contains("Subject: Verify your account"), "{mail}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempdir().unwrap();
    std::fs::write(
        folder.path().join("talelio.db"),
        "this is no database, but long enough to be looked at ".repeat(100),
    )
    .unwrap();
    for path in [folder.path().to_str().unwrap(), "/dev/null/data"] {
        let refused = run(&[], &[("DATA_DIR", path), ("SECRET_KEY", "a secret of at least 32 bytes, yes")]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            printed(&refused.stdout).contains(&format!("cannot open the store in {path}")),
            "{}",
            printed(&refused.stdout)
        );
    }
}

#[tokio::test]
async fn tokens_and_articles_survive_a_restart() {
    let folder = tempdir().unwrap();
    let mut app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    app.publish(&token, "One").await;
    app.process.terminate();
    assert_eq!(app.process.wait().code(), Some(0));
    // Whoever copies the database has all of it.
    assert!(!folder.path().join("talelio.db-wal").exists());
    let app = TestApp::in_folder(folder.path());
    app.publish(&token, "Two").await;
    let one = app.get("/v1/articles/one").await.json();
    assert_eq!(one["meta"]["adjacent_articles"]["next"]["slug"], "two");
}

/// Publishes until the program is killed, restarts it, and looks for everything
/// that was acknowledged. `make test-faults` kills it more often, while everything is written.
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let rounds = 5;
    let folder = tempdir().unwrap();
    let mut app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    let mut acknowledged = 0;
    for round in 0..rounds {
        let client = crate::harness::client();
        let url = format!("http://{}/v1/articles", app.process.address());
        let article = json!({"title": "x", "body": "text", "meta_description": "x"});
        let publishing = {
            let token = token.clone();
            tokio::spawn(async move {
                let mut published = 0;
                loop {
                    match client.post(&url).bearer_auth(&token).json(&article).send().await {
                        Ok(response) if response.status() == StatusCode::CREATED => published += 1,
                        _ => return published,
                    }
                }
            })
        };
        tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(5..120))).await;
        app.process.kill();
        acknowledged += publishing.await.unwrap();
        app = TestApp::in_folder(folder.path());
        let list = app.get("/v1/users/ada/articles?limit=1").await;
        let total = list.header("x-total-count").map_or(0, |total| total.parse::<usize>().unwrap());
        // One more may be there whose acknowledgement was cut off.
        assert!((acknowledged..=acknowledged + round + 1).contains(&total), "{acknowledged} of {total}");
        if let Some(newest) = list.json()["articles"][0]["slug"].as_str() {
            assert_eq!(app.get(&format!("/v1/articles/{newest}")).await.json()["article"]["id"], json!(total));
        }
    }
    // Nothing in between is missing either.
    let mut page = 1;
    let mut seen = 0;
    while let Some(articles) =
        app.get(&format!("/v1/users/ada/articles?limit=100&page={page}")).await.json()["articles"].as_array()
    {
        seen += articles.len();
        page += 1;
    }
    assert!(seen >= acknowledged && acknowledged > 0, "{acknowledged} acknowledged, {seen} there");
}

/// Asserts that nobody but their owner can look into the files and folders of a folder.
fn assert_for_owner_only(folder: &Path) {
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
        if entry.file_type().unwrap().is_dir() {
            assert_for_owner_only(&entry.path());
        }
    }
}
