//! What is answered when a store is not there.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Method, StatusCode};
use image::ImageFormat;
use serde_json::json;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::upload;
use crate::harness::{Behaviour, Proxy, Request, Response, TestApp, dynamodb_endpoint, in_bucket, on_table};

/// How long a client waits at most to hear that nothing came of its request. The machine may be
/// busy with other tests.
const PATIENCE: Duration = Duration::from_secs(4);

const SECRET: (&str, &str) = ("SECRET_KEY", "one secret for two servers, 32 bytes");

fn requests(token: &str) -> Vec<Request> {
    let get = |path| Request::new(Method::GET, path);
    let post = |path| Request::new(Method::POST, path);
    let article = json!({"title": "A title", "body": "text", "meta_description": "about"});
    vec![
        get("/v1/articles/a-title"),
        get("/v1/users/ada/articles"),
        get("/v1/users/ada/projects"),
        get("/v1/users/ada/images/a_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.png"),
        get("/v1/users/me/images").bearer(token),
        post("/v1/accounts/register")
            .json(&json!({"email": "bob@example.com", "password": "a good password", "username": "bob"})),
        post("/v1/accounts/login").json(&json!({"email": "ada@example.com", "password": "a good password"})),
        post("/v1/accounts/logout").bearer(token),
        post("/v1/articles").bearer(token).json(&article),
        post("/v1/articles").bearer(token).header("idempotency-key", "a").json(&article),
        Request::new(Method::PATCH, "/v1/articles/a-title").bearer(token).json(&json!({"title": "Another"})),
        Request::new(Method::DELETE, "/v1/articles/a-title").bearer(token),
        post("/v1/articles/a-title/publish").bearer(token),
        post("/v1/projects").bearer(token).json(&json!({"title": "A title", "body": "text"})),
        upload(token, &[("a.png", &encoded(&picture(8, 8), ImageFormat::Png))]),
        Request::new(Method::DELETE, "/v1/users/me/images/a_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.png").bearer(token),
    ]
}

fn assert_unavailable(response: &Response, asked: Instant, what: &str) {
    assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{what}: {}", response.text());
    assert_eq!(response.header("retry-after"), Some("1"), "{what}");
    assert!(asked.elapsed() < PATIENCE, "{what}: {:?}", asked.elapsed());
}

#[tokio::test]
async fn every_route_says_that_the_table_is_not_available() {
    // A token of a user whom the table would know.
    let token = TestApp::http(&[SECRET]).author("ada").await;
    for behaviour in [Behaviour::Hangs, Behaviour::Resets, Behaviour::Fails] {
        let proxy = Proxy::start(None, behaviour).await;
        let begun = Instant::now();
        let app = TestApp::http(&[&on_table("talelio", &proxy.endpoint)[..], &[SECRET]].concat());
        app.process.address();
        assert!(begun.elapsed() < PATIENCE, "{behaviour:?}: the start took {:?}", begun.elapsed());
        assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
        let (app, token) = (&app, &token);
        join_all(requests(token).into_iter().map(async |request| {
            let what = format!("{behaviour:?}, {} {}", request.method, request.path);
            let asked = Instant::now();
            assert_unavailable(&app.send(request).await, asked, &what);
        }))
        .await;
        assert_eq!(app.get("/v1/ready").await.refusal(503), "Unavailable: table");
    }
}

#[tokio::test]
async fn a_store_that_nobody_listens_at_is_not_available() {
    let app = TestApp::http(&on_table("talelio", "http://127.0.0.1:1"));
    let asked = Instant::now();
    assert_unavailable(&app.get("/v1/articles/a-title").await, asked, "a refused connection");
    let app = TestApp::http(&in_bucket("images", "http://127.0.0.1:1"));
    assert_eq!(app.get("/v1/ready").await.refusal(503), "Unavailable: bucket");
}

#[tokio::test]
async fn the_server_is_ready_when_its_stores_are() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/v1/ready").await.json(), json!({"status": "ready"}));
}

#[tokio::test]
async fn what_was_read_before_is_served_while_the_table_is_away_and_everything_once_it_is_back() {
    let Some(endpoint) = dynamodb_endpoint() else { return };
    let upstream = endpoint.trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(Some(upstream), Behaviour::Forwards).await;
    let table = crate::harness::new_table(&endpoint);
    let app = TestApp::http(&on_table(&table, &proxy.endpoint));
    let token = app.author("ada").await;
    app.publish(&token, "A title").await;
    for behaviour in [Behaviour::Hangs, Behaviour::Resets, Behaviour::Fails] {
        let before = app.get("/v1/articles/a-title").await;
        proxy.behave(behaviour);
        // Longer than it is fresh.
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        let stale = app.get("/v1/articles/a-title").await;
        assert_eq!((stale.status, &stale.body), (StatusCode::OK, &before.body), "{behaviour:?}");
        assert!(stale.header("cache-status").unwrap().starts_with("talelio-backend; hit; ttl=-"), "{behaviour:?}");
        let asked = Instant::now();
        assert_unavailable(&app.get("/v1/articles/another").await, asked, "what was not read before");
        proxy.behave(Behaviour::Forwards);
        let back = Instant::now();
        while app.get("/v1/ready").await.status != StatusCode::OK {
            assert!(back.elapsed() < PATIENCE, "{behaviour:?}: not back after {:?}", back.elapsed());
        }
        app.publish(&token, "Another title").await;
        assert_eq!(app.get("/v1/articles/a-title").await.header("cache-status"), None);
    }
}
