//! What clients can make the program hold: within its budget, whatever they send or ask for.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Request, TestApp};

/// A machine with as little memory as the program runs on: a budget of 48 MiB.
const SMALL: &[(&str, &str)] = &[("MEMORY_LIMIT", "134217728")];

const MEBIBYTE: u64 = 1 << 20;

#[tokio::test]
async fn what_nobody_asked_for_in_a_body_takes_no_memory() {
    let app = TestApp::http(SMALL);
    let token = app.author("ada").await;
    let before = app.process.resident_bytes();
    let bomb = format!("{{\"title\": 1, \"z\": [{}{{}}]}}", "{\"\":0},".repeat(149_000));
    let send = async || {
        let request = Request::new(Method::POST, "/v1/articles").bearer(&token);
        app.send(request.body("application/json", bomb.clone())).await.status
    };
    for status in join_all((0..4).map(|_| send())).await {
        assert!([400, 503].contains(&status.as_u16()), "{status}");
    }
    let more = app.process.resident_bytes().saturating_sub(before);
    assert!(more < 24 * MEBIBYTE, "{} MiB more", more / MEBIBYTE);
}

/// A request whose body does not end.
async fn half_a_body(app: &TestApp, token: &str, from: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    let head =
        format!("POST /v1/projects HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nx-forwarded-for: {from}");
    stream.write_all(format!("{head}\r\ncontent-length: 1000000\r\n\r\n").as_bytes()).await.unwrap();
    // Who is refused may have been told already.
    let _ = stream.write_all(&vec![b' '; 900_000]).await;
    stream
}

#[tokio::test]
async fn who_comes_when_the_budget_is_used_up_is_told_to_come_back() {
    let app = TestApp::http(SMALL);
    let token = app.author("ada").await;
    let large = json!({"title": "Large", "body": "many words ".repeat(80_000)});
    let mut holding = Vec::new();
    let refused = loop {
        assert!(holding.len() < 100, "the memory is never used up");
        holding.push(half_a_body(&app, &token, "192.0.2.1").await);
        let response = app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&large)).await;
        if response.status != StatusCode::CREATED {
            break response;
        }
    };
    assert_eq!(refused.refusal(503), "Too busy, try again");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        refused.header("access-control-expose-headers"),
        Some("etag,link,retry-after,x-total-count,x-unreadable-items,x-request-id")
    );
    // Who wants little is served meanwhile.
    assert_eq!(app.publish(&token, "Small").await.status, StatusCode::CREATED);
    assert_eq!(app.get("/v1/articles/small").await.status, StatusCode::OK);
    app.process.wait_for("route=\"/v1/projects\" status=503");
    drop(holding);
    let mut patience = 100;
    while app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&large)).await.status
        != StatusCode::CREATED
    {
        patience -= 1;
        assert!(patience > 0, "the memory of those who left is not given back");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_holds_much_leaves_enough_for_others() {
    let app = TestApp::http(&[SMALL, &[("TRUSTED_PROXIES", "127.0.0.1")]].concat());
    let token = app.author("ada").await;
    let large = json!({"title": "Large", "body": "many words ".repeat(80_000), "meta_description": ""});
    let publish = async |from: &str| {
        let request = Request::new(Method::POST, "/v1/articles").header("x-forwarded-for", from);
        app.send(request.bearer(&token).json(&large)).await.status
    };
    let mut holding = Vec::new();
    while publish("192.0.2.1").await == StatusCode::CREATED {
        assert!(holding.len() < 100, "the share is never used up");
        holding.push(half_a_body(&app, &token, "192.0.2.1").await);
    }
    for _ in 0..5 {
        assert_eq!(publish("192.0.2.2").await, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_page_that_is_too_long_is_refused() {
    let app = TestApp::http(SMALL);
    let token = app.author("ada").await;
    for n in 0..5 {
        let body = "many words ".repeat(80_000);
        let project = json!({"title": format!("Project {n}"), "body": body});
        let made = app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&project)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let article = json!({"title": format!("Article {n}"), "body": body, "meta_description": ""});
        app.publish_article(&token, &article).await;
    }
    for list in ["projects", "articles"] {
        let path = format!("/v1/users/ada/{list}");
        assert_eq!(app.get(&path).await.refusal(413), "Page too large, ask for a smaller limit");
        assert_eq!(app.get(&format!("{path}?limit=1")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_does_not_read_holds_no_more_than_the_budget() {
    let app = TestApp::http(SMALL);
    let token = app.author("ada").await;
    for n in 0..12 {
        let body = format!("{n} {}", "many words ".repeat(60_000));
        app.publish_article(&token, &json!({"title": format!("A {n}"), "body": body, "meta_description": ""})).await;
    }
    let before = app.process.resident_bytes();
    let mut holding = Vec::new();
    for n in 0..60 {
        let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
        let request = format!("GET /v1/articles/a-{}?x={n} HTTP/1.1\r\nhost: a\r\n\r\n", n % 12);
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        holding.push(stream);
    }
    let more = app.process.resident_bytes().saturating_sub(before);
    assert!(more < 80 * MEBIBYTE, "{} MiB more", more / MEBIBYTE);
    assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
}
