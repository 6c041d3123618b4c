//! Answers that are kept ready, and what clients and caches are told about them.

use std::io::Read;

use flate2::read::GzDecoder;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Request, Response, TestApp};

/// How many requests to the store an answer took.
fn requests(response: &Response) -> &str {
    let cost = response.header("x-consumed-capacity").expect("told in development");
    cost.split(',').next().unwrap().strip_prefix("requests=").unwrap()
}

/// An article of ada's, long enough to be worth compressing.
async fn published(app: &TestApp) -> String {
    let token = app.author("ada").await;
    let article = json!({"title": "A title", "body": "many words ".repeat(500), "meta_description": "about"});
    app.publish_article(&token, &article).await;
    token
}

const ANSWERS: [&str; 3] = ["/v1/articles/a-title", "/v1/users/ada/articles", "/v1/users/ada/projects"];

#[tokio::test]
async fn an_answer_is_read_from_the_store_once() {
    let app = TestApp::http(&[]);
    published(&app).await;
    for path in ANSWERS {
        let first = app.get(path).await;
        assert_ne!(requests(&first), "0");
        let second = app.get(path).await;
        assert_eq!((requests(&second), &second.body), ("0", &first.body));
    }
    let head = app.send(Request::new(Method::HEAD, ANSWERS[0])).await;
    let length = app.get(ANSWERS[0]).await.body.len().to_string();
    assert_eq!((requests(&head), head.body.len(), head.header("content-length")), ("0", 0, Some(&*length)));
}

#[tokio::test]
async fn a_parameter_that_makes_no_difference_costs_no_read() {
    let app = TestApp::http(&[]);
    published(&app).await;
    for path in ANSWERS {
        let first = app.get(path).await;
        for query in ["utm_source=feed", "n=1", "", "=", "x=%ff"] {
            let again = app.get(&format!("{path}?{query}")).await;
            assert_eq!((requests(&again), &again.body), ("0", &first.body), "{path}?{query}");
        }
    }
    for (path, spellings) in [
        (ANSWERS[0], ["/v1/articles/%61-title", "/v1/articles/a-title?page=7", "/v1/articles/a-title?limit=1&page=2"]),
        (ANSWERS[1], ["/v1/users/ADA/articles", "/v1/users/a%64a/articles?page=01", "/v1/users/ada/articles?limit=0"]),
        (ANSWERS[2], ["/v1/users/Ada/projects", "/v1/users/ada/projects?page=0", "/v1/users/%61da/projects?n=1"]),
    ] {
        let first = app.get(path).await;
        for spelling in spellings {
            let again = app.get(spelling).await;
            assert_eq!((requests(&again), &again.body), ("0", &first.body), "{spelling}");
        }
    }
    assert_eq!(app.get("/v1/users/ada/articles?page=2&limit=1").await.text(), "{}");
    assert_ne!(app.get("/v1/users/ada/articles?limit=1&page=1").await.text(), "{}");
    assert_eq!(app.get("/v1/users/ada/articles?page=a").await.refusal(400), "Expected numeric query parameters");
}

#[tokio::test]
async fn a_registration_that_is_rejected_costs_readers_nothing() {
    let app = TestApp::http(&[]);
    published(&app).await;
    app.get(ANSWERS[0]).await;
    let again = json!({"email": "ada@example.com", "password": "a good password", "username": "ada"});
    assert_eq!(app.post("/v1/accounts/register", &again).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(requests(&app.get(ANSWERS[0]).await), "0");
    app.register("bob").await;
    assert_ne!(requests(&app.get(ANSWERS[0]).await), "0");
}

#[tokio::test]
async fn nothing_is_kept_when_the_operator_says_so() {
    let app = TestApp::http(&[("CACHE_TTL", "0")]);
    published(&app).await;
    for path in ANSWERS {
        let first = app.get(path).await;
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        assert_eq!(requests(&app.get(path).await), requests(&first));
    }
}

#[tokio::test]
async fn whoever_wrote_something_reads_it_at_once() {
    let app = TestApp::start().await;
    app.get("/v1/users/ada/projects").await.refusal(400);
    let token = app.author("ada").await;
    assert_eq!(app.get("/v1/users/ada/projects").await.json(), json!([]));
    let project = json!({"title": "Engine", "body": "text"});
    app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&project)).await;
    assert_eq!(app.get("/v1/users/ada/projects").await.json().as_array().unwrap().len(), 1);

    assert_eq!(app.get("/v1/users/ada/articles").await.json(), json!({}));
    app.get("/v1/articles/one").await.refusal(404);
    app.publish(&token, "One").await;
    assert_eq!(app.get("/v1/articles/one").await.json()["meta"]["adjacent_articles"]["next"], json!(null));
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("1"));
    app.publish(&token, "Two").await;
    assert_eq!(app.get("/v1/articles/one").await.json()["meta"]["adjacent_articles"]["next"]["slug"], "two");
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("2"));
}

#[tokio::test]
async fn nobody_reads_less_than_was_acknowledged_while_others_write() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let write_and_read = async |writer: usize| {
        for number in 0..5 {
            let title = format!("w{writer} n{number}");
            let published = app.publish(&token, &title).await.json()["article"]["id"].as_u64().unwrap();
            let listed = app.get("/v1/users/ada/articles").await;
            let total: u64 = listed.header("x-total-count").unwrap().parse().unwrap();
            assert!(total >= published, "{total} articles after number {published}");
            assert_eq!(app.get(&format!("/v1/articles/w{writer}-n{number}")).await.status, StatusCode::OK);
        }
    };
    join_all((0..4).map(write_and_read)).await;
}

#[tokio::test]
async fn a_client_that_has_an_answer_is_not_sent_it_again() {
    // NGINX answers this by itself, out of its cache, which tests go without.
    let app = TestApp::http(&[]);
    let token = published(&app).await;
    for path in ANSWERS {
        let first = app.get(path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        let known = || Request::new(Method::GET, path).header("if-none-match", tag.clone());
        let second = app.send(known()).await;
        assert_eq!((second.status, second.body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(second.header("etag"), Some(&*tag));
        // The same document in another encoding has the same tag.
        let compressed = app.send(known().header("accept-encoding", "gzip")).await;
        assert_eq!(compressed.status, StatusCode::NOT_MODIFIED);
    }
    let tag = app.get(ANSWERS[1]).await.header("etag").unwrap().to_owned();
    app.publish(&token, "Another").await;
    let changed = app.send(Request::new(Method::GET, ANSWERS[1]).header("if-none-match", tag)).await;
    assert_eq!(changed.status, StatusCode::OK);
}

#[tokio::test]
async fn shared_caches_may_keep_an_answer_for_a_second_and_know_what_it_varies_with() {
    let app = TestApp::http(&[]);
    published(&app).await;
    for path in ANSWERS {
        let response = app.get(path).await;
        assert_eq!(response.header("cache-control"), Some("public, max-age=0, s-maxage=1"));
        let vary: Vec<_> = response.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.contains(&"accept-encoding") && vary.contains(&"authorization"), "{vary:?}");
    }
}

#[tokio::test]
async fn an_answer_is_compressed_for_those_who_can_read_it() {
    let app = TestApp::http(&[]);
    published(&app).await;
    let asking = async |encodings: &str| {
        app.send(Request::new(Method::GET, ANSWERS[0]).header("accept-encoding", encodings)).await
    };
    let plain = app.get(ANSWERS[0]).await;
    let gzip = asking("gzip, deflate").await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut text = Vec::new();
    GzDecoder::new(&*gzip.body).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.body);
    let brotli = asking("gzip, deflate, br").await;
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    let mut text = Vec::new();
    brotli::BrotliDecompress(&mut &*brotli.body, &mut text).unwrap();
    assert_eq!(text, plain.body);
    assert_eq!(asking("br;q=0, identity").await.header("content-encoding"), None);
    // Not worth it.
    let short = Request::new(Method::GET, ANSWERS[2]).header("accept-encoding", "br");
    assert_eq!(app.send(short).await.header("content-encoding"), None);
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_read() {
    let app = TestApp::http(&[]);
    published(&app).await;
    let answers = join_all((0..32).map(|_| app.get(ANSWERS[0]))).await;
    assert_eq!(answers.iter().filter(|answer| requests(answer) != "0").count(), 1);
}

#[tokio::test]
async fn the_changes_of_another_process_are_seen_when_answers_are_old() {
    let Some([one, other]) = TestApp::two_on_one_table(&[("CACHE_TTL", "1")]) else { return };
    let token = one.author("ada").await;
    one.publish(&token, "One").await;
    let read = async || other.get("/v1/users/ada/articles").await.header("x-total-count").map(str::to_owned);
    assert_eq!(read().await.as_deref(), Some("1"));
    one.publish(&token, "Two").await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while read().await.as_deref() != Some("2") {
        assert!(std::time::Instant::now() < deadline, "an answer outlived its second");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_a_client_began_is_done_and_seen_even_if_it_goes_away() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    assert_eq!(app.get("/v1/users/ada/articles").await.json(), json!({}));
    let body = json!({"title": "Left", "body": "text", "meta_description": ""}).to_string();
    let head = format!(
        "POST /v1/articles HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    drop(stream);
    app.process.wait_for("route=\"/v1/articles\" status=201");
    assert_eq!(app.get("/v1/users/ada/articles").await.header("x-total-count"), Some("1"));
}
