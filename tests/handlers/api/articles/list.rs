//! The articles of a user, page by page.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Response, TestApp};

/// A server where ada has published `total` articles, `a1` and up.
async fn published(total: usize) -> TestApp {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    for number in 1..=total {
        app.publish(&token, &format!("a{number}")).await;
    }
    app
}

async fn list(app: &TestApp, query: &str) -> Response {
    app.get(&format!("/v1/users/ada/articles{query}")).await
}

fn slugs(response: &Response) -> Vec<String> {
    let articles = response.json()["articles"].as_array().cloned().unwrap_or_default();
    articles.iter().map(|article| article["slug"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_page_shows_the_newest_first() {
    let app = published(5).await;
    let response = list(&app, "?page=2&limit=2").await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(slugs(&response), ["a3", "a2"]);
    assert_eq!(response.header("x-total-count"), Some("5"));
    assert_eq!(
        response.header("link"),
        Some(concat!(
            "</v1/users/Ada/articles?page=3&limit=2>; rel=\"next\",  ",
            "</v1/users/Ada/articles?page=1&limit=2>; rel=\"prev\""
        ))
    );
    assert_eq!(
        response.json()["user"],
        json!({"id": 1, "username": "Ada", "location": "", "avatar_url": "default.jpg"})
    );
    assert_eq!(response.json()["articles"][0], app.get("/v1/articles/a3").await.json()["article"]);
}

#[tokio::test]
async fn only_the_relations_that_exist_are_linked() {
    let app = published(3).await;
    let link = async |query: &str| list(&app, query).await.header("link").map(str::to_owned);
    let next = |page: u8| format!("</v1/users/Ada/articles?page={page}&limit=2>; rel=\"next\"");
    let prev = |page: u8| format!("</v1/users/Ada/articles?page={page}&limit=2>; rel=\"prev\"");
    assert_eq!(link("?limit=2").await, Some(next(2)));
    assert_eq!(link("?page=2&limit=2").await, Some(prev(1)));
    assert_eq!(link("").await, None);
}

#[tokio::test]
async fn nothing_to_show_is_an_empty_object() {
    let app = published(1).await;
    app.register("bob").await;
    for path in [
        "/v1/users/nobody/articles",
        "/v1/users/bob/articles",
        "/v1/users/ada/articles?page=2",
        "/v1/users/ada/articles?page=2147483647&limit=100",
        "/v1/users/a%20b/articles",
    ] {
        let response = app.get(path).await;
        assert_eq!((response.status, response.json()), (StatusCode::OK, json!({})), "{path}");
    }
}

#[tokio::test]
async fn numbers_are_numbers() {
    let app = published(3).await;
    for query in
        ["page=x", "limit=x", "page=-1", "limit=-1", "page=1.5", "page=99999999999999999999", "limit=%00", "page="]
    {
        let message = list(&app, &format!("?{query}")).await.refusal(400);
        assert_eq!(message, "Expected numeric query parameters", "{query}");
    }
    for query in ["", "?page=0&limit=0", "?page=1", "?limit=10", "?limit=100000", "?page=1&page=x", "?other=x"] {
        assert_eq!(slugs(&list(&app, query).await), ["a3", "a2", "a1"], "{query}");
    }
}

#[tokio::test]
async fn a_limit_is_at_most_a_hundred() {
    let app = published(101).await;
    let response = list(&app, "?limit=1000").await;
    assert_eq!(slugs(&response).len(), 100);
    assert_eq!(response.header("link"), Some("</v1/users/Ada/articles?page=2&limit=100>; rel=\"next\""));
}

#[tokio::test]
async fn every_page_is_what_cutting_the_whole_list_gives() {
    const TOTAL: usize = 23;
    let app = published(TOTAL).await;
    let newest_first: Vec<String> = (1..=TOTAL).rev().map(|number| format!("a{number}")).collect();
    let pages_of = |limit: usize| (1..=TOTAL / limit + 2).map(move |page| (page, limit));
    for (page, limit) in (1..=TOTAL + 2).flat_map(pages_of) {
        let response = list(&app, &format!("?page={page}&limit={limit}")).await;
        let expected = newest_first.chunks(limit).nth(page - 1).unwrap_or_default();
        assert_eq!(slugs(&response), expected, "page {page} of {limit}");
        if expected.is_empty() {
            assert_eq!(response.json(), json!({}));
        } else {
            assert_eq!(response.header("x-total-count"), Some("23"));
        }
    }
}

#[tokio::test]
async fn a_page_that_is_too_long_is_refused() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let article = json!({"title": "x", "body": "x ".repeat(400_000), "meta_description": "x"});
    for _ in 0..20 {
        app.publish_article(&token, &article).await;
    }
    assert_eq!(list(&app, "?limit=20").await.refusal(413), "Page too large, ask for a smaller limit");
    let five = list(&app, "?limit=5").await;
    if app.is_lambda() {
        assert_eq!(five.refusal(413), "Answer too large, ask for a smaller limit");
    } else {
        assert_eq!(slugs(&five).len(), 5);
    }
    let two: Value = list(&app, "?limit=2").await.json();
    assert_eq!(two["articles"].as_array().unwrap().len(), 2);
}
