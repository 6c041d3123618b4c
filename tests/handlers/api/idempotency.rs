//! Requests that are sent again under the same name.

use futures_util::future::join_all;
use http::Method;
use image::ImageFormat;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, urls};
use crate::harness::{Request, Response, TestApp};

const REUSED: &str = "The Idempotency-Key was used for another request";

fn post(path: &str, token: &str, key: &str, body: &Value) -> Request {
    Request::new(Method::POST, path).bearer(token).header("idempotency-key", key).json(body)
}

fn article(title: &str) -> Value {
    json!({"title": title, "body": "*text*", "meta_description": "about"})
}

fn project(title: &str) -> Value {
    json!({"title": title, "body": "*text*"})
}

/// The same status and the same body.
fn assert_same(first: &Response, second: &Response) {
    assert_eq!((first.status, first.text()), (second.status, second.text()));
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_as_it_was_first() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    app.publish(&token, "Before").await;
    for (path, body, other) in
        [("/v1/articles", article("Once"), article("Twice")), ("/v1/projects", project("Once"), project("Twice"))]
    {
        let first = app.send(post(path, &token, "key-1", &body)).await;
        assert_eq!(first.status.as_u16(), 201, "{}", first.text());
        // What comes after it does not change what was answered.
        app.publish(&token, "After").await;
        assert_same(&first, &app.send(post(path, &token, "key-1", &body)).await);
        assert_eq!(app.send(post(path, &token, "key-1", &other)).await.refusal(422), REUSED);
        assert_ne!(first.text(), app.send(post(path, &token, "key-2", &body)).await.text());
        let stranger = app.author(path.rsplit('/').next().unwrap()).await;
        assert_ne!(first.text(), app.send(post(path, &stranger, "key-1", &body)).await.text());
    }
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("5"));
    assert_eq!(app.get("/v1/users/ada/projects").await.header("x-total-count"), Some("2"));
}

#[tokio::test]
async fn a_registration_that_is_sent_again_is_answered_as_it_was_first() {
    let app = TestApp::start().await;
    let register = async |key: &str, password: &str| {
        let body = json!({"email": "ada@example.com", "password": password, "username": "ada"});
        let request = Request::new(Method::POST, "/v1/accounts/register").header("idempotency-key", key);
        app.send(request.json(&body)).await
    };
    let first = register("key", "a good password").await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text());
    app.get(&format!("/v1/accounts/verify/{}", app.verification_token().await)).await;
    assert_same(&first, &register("key", "a good password").await);
    assert_eq!(register("key", "another password").await.refusal(422), REUSED);
    for username in ["bob", "ada"] {
        let other = json!({"email": "bob@example.com", "password": "a good password", "username": username});
        let other = Request::new(Method::POST, "/v1/accounts/register").header("idempotency-key", "key").json(&other);
        assert_eq!(app.send(other).await.refusal(422), REUSED, "{username}");
    }
    assert_eq!(
        register("another-key", "a good password").await.refusal(400),
        "Account with the email 'ada@example.com' already exists"
    );
}

#[tokio::test]
async fn an_upload_that_is_sent_again_is_answered_as_it_was_first() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let (small, large) = (encoded(&picture(8, 8), ImageFormat::Png), encoded(&picture(80, 8), ImageFormat::Png));
    let send = async |images: &[(&str, &[u8])]| app.send(upload(&token, images).header("idempotency-key", "key")).await;
    let first = send(&[("a.png", &small), ("b.png", &large)]).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text());
    assert_same(&first, &send(&[("a.png", &small), ("b.png", &large)]).await);
    assert_eq!(send(&[("a.png", &small), ("b.png", &small)]).await.refusal(422), REUSED);
    assert_eq!(send(&[("a.png", &small)]).await.refusal(422), REUSED);
    let list = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&token)).await;
    assert_eq!(list.json()["images"].as_array().unwrap().len(), 2);
    assert_eq!(app.get(&path(&urls(&first)[0])).await.status.as_u16(), 200);
}

#[tokio::test]
async fn requests_of_one_name_at_once_do_one_thing() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for (path, body, list) in [
        ("/v1/articles", article("Once"), "/v1/users/ada/articles"),
        ("/v1/projects", project("Once"), "/v1/users/ada/projects"),
    ] {
        let sent = join_all((0..8).map(|_| app.send(post(path, &token, "key", &body)))).await;
        for response in &sent {
            assert_same(&sent[0], response);
        }
        assert_eq!(sent[0].status.as_u16(), 201, "{}", sent[0].text());
        assert_eq!(app.get(list).await.header("x-total-count"), Some("1"));
    }
}

#[tokio::test]
async fn another_process_knows_what_was_done() {
    let folder = tempdir().unwrap();
    let first = {
        let app = TestApp::in_folder(folder.path());
        let token = app.author("ada").await;
        app.send(post("/v1/articles", &token, "key", &article("Once"))).await
    };
    let app = TestApp::in_folder(folder.path());
    let token = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
    assert_same(&first, &app.send(post("/v1/articles", &token, "key", &article("Once"))).await);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for key in ["", "two words", &"x".repeat(256)] {
        let refused = app.send(post("/v1/articles", &token, key, &article("Once"))).await;
        assert_eq!(refused.refusal(400), "Invalid Idempotency-Key, expected 1 to 255 visible ASCII characters");
    }
}
