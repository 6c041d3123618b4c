//! The articles of the site, by pages and by cursors.

use http::Method;
use serde_json::{Value, json};

use super::desk::{Desk, slugs};

#[tokio::test]
async fn a_cursor_stays_right_while_others_publish_and_delete() {
    let desk = Desk::start().await;
    for number in 0..7 {
        desk.publish(&format!("a{number}")).await;
    }
    let page = async |cursor: &str| desk.app.get(&format!("/v1/articles?limit=3&cursor={cursor}")).await;
    let first = page("").await;
    assert_eq!(
        (slugs(&first), first.header("x-total-count")),
        (vec!["a6".into(), "a5".into(), "a4".into()], Some("7"))
    );
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    desk.publish("a7").await;
    desk.verb("a5", "delete").await;
    desk.verb("a3", "delete").await;
    let second = page(&cursor).await;
    assert_eq!(slugs(&second), ["a2", "a1", "a0"]);
    assert_eq!((&second.json()["next_cursor"], second.header("link")), (&Value::Null, None));
    assert_eq!(desk.app.get("/v1/articles").await.json().get("next_cursor"), None);
    for (query, reason) in [
        ("cursor=x", "Expected 'cursor' to be empty or a 'next_cursor'"),
        ("cursor=&page=1", "Expected 'page' or 'cursor', not both"),
        ("author=%20", "Expected 'author' to be a username"),
        ("year=20", "Expected 'year' to be a year of four digits"),
        ("limit=x", "Expected numeric query parameters"),
    ] {
        assert_eq!(desk.app.get(&format!("/v1/articles?{query}")).await.refusal(400), reason, "{query}");
    }
    let of_author = desk.app.get("/v1/articles?author=Ada&limit=2&page=2").await;
    assert_eq!(
        (slugs(&of_author), &of_author.json()["user"]["username"]),
        (vec!["a4".into(), "a2".into()], &json!("ada"))
    );
    let links = "</v1/articles?author=ada&page=3&limit=2>; rel=\"next\",  </v1/articles?author=ada&page=1&limit=2>; rel=\"prev\"";
    assert_eq!(of_author.header("link"), Some(links));
    assert_eq!(desk.app.get("/v1/articles?author=nobody").await.json(), json!({"articles": []}));
}

#[tokio::test]
async fn a_list_shows_the_fields_that_are_asked_for() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let bob = desk.app.author("bob").await;
    desk.app.publish(&bob, "b").await;
    for list in ["/v1/articles", "/v1/users/ada/articles", "/v1/articles?author=ada"] {
        let separator = if list.contains('?') { '&' } else { '?' };
        let shown = desk.app.get(&format!("{list}{separator}fields=slug,title")).await.json();
        let articles = shown["articles"].as_array().unwrap();
        assert_eq!(articles.last(), Some(&json!({"title": "a", "slug": "a"})), "{list}");
        let whole = desk.app.get(list).await.json();
        assert!(whole["articles"][0]["body"].is_string() && whole["articles"][0].get("author").is_none(), "{list}");
    }
    let own = desk.app.send(desk.request(Method::GET, "/v1/users/me/articles?status=published&fields=slug")).await;
    assert_eq!(own.json()["articles"], json!([{"slug": "a"}]));
    desk.publish("c").await;
    let own = desk.request(Method::GET, "/v1/users/me/articles?fields=slug&limit=1&status=published");
    let link = "</v1/users/me/articles?status=published&fields=slug&page=2&limit=1>; rel=\"next\"";
    assert_eq!(desk.app.send(own).await.header("link"), Some(link));
    let by = desk.app.get("/v1/articles?fields=slug&include=author").await.json();
    let author = |article: &Value| article["author"]["username"].as_str().unwrap().to_owned();
    let authors: Vec<_> = by["articles"].as_array().unwrap().iter().map(author).collect();
    assert_eq!(authors, ["ada", "bob", "ada"]);
    let page = desk.app.get("/v1/articles?limit=1&fields=slug,title,slug").await;
    assert_eq!(page.header("link"), Some("</v1/articles?fields=title,slug&page=2&limit=1>; rel=\"next\""));
    for (query, reason) in [
        ("fields=slug,x", "Expected 'fields' to name fields of an article, 'x' is none"),
        ("fields=", "Expected 'fields' to name fields of an article, '' is none"),
        ("include=comments", "Expected 'include' to be 'author'"),
    ] {
        for list in ["/v1/articles", "/v1/users/ada/articles", "/v1/tags/x/articles"] {
            assert_eq!(desk.app.get(&format!("{list}?{query}")).await.refusal(400), reason, "{list}");
        }
    }
    let every = desk.app.get("/v1/articles?include=author").await.json()["articles"][0].clone();
    for field in every.as_object().unwrap().keys() {
        let shown = desk.app.get(&format!("/v1/articles?fields={field}")).await.json();
        assert_eq!(shown["articles"][0], json!({field: every[field]}));
    }
}
