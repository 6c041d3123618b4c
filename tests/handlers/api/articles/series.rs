//! Articles that belong together.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::{Desk, slugs};
use crate::harness::{Request, Response};

impl Desk {
    async fn part(&self, title: &str, series: &str) -> Value {
        let article = json!({"title": title, "body": "b", "meta_description": "", "series": series});
        self.create(article).await.json()["article"].clone()
    }

    async fn series(&self) -> Response {
        self.app.get("/v1/series/learning-rust").await
    }

    async fn change_series(&self, body: Value) -> Response {
        self.app.send(self.request(Method::PATCH, "/v1/series/learning-rust").json(&body)).await
    }

    /// What an article says of its series, and the slugs beside it there.
    async fn place(&self, slug: &str) -> Value {
        let meta = self.app.get(&format!("/v1/articles/{slug}")).await.json()["meta"]["series"].clone();
        json!([meta["place"], meta["total"], meta["prev"]["slug"], meta["next"]["slug"]])
    }
}

fn order(response: &Response) -> Vec<String> {
    let parts = response.json()["series"]["articles"].clone();
    parts.as_array().unwrap().iter().map(|part| part["slug"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_series_has_an_order_of_its_own() {
    let desk = Desk::start().await;
    assert_eq!(desk.series().await.refusal(404), "Series not found");
    assert_eq!(desk.part("a", "Learning Rust").await["series"], "learning-rust");
    for title in ["b", "c"] {
        desk.part(title, "learning-rust").await;
    }
    desk.publish("d").await;
    assert_eq!(order(&desk.series().await), ["a", "b", "c"]);
    assert_eq!(desk.place("a").await, json!([1, 3, null, "b"]));
    assert_eq!(desk.place("b").await, json!([2, 3, "a", "c"]));
    assert_eq!(desk.place("d").await, json!([null, null, null, null]));
    let changed = desk.change_series(json!({"title": "Learning Rust, slowly", "articles": ["c", "a"]})).await;
    assert_eq!((changed.status, order(&changed)), (StatusCode::OK, vec!["c".into(), "a".into(), "b".into()]));
    assert_eq!(desk.place("a").await, json!([2, 3, "c", "b"]));
    let meta = desk.app.get("/v1/articles/a").await.json()["meta"]["series"].clone();
    assert_eq!((&meta["title"], &meta["slug"]), (&json!("Learning Rust, slowly"), &json!("learning-rust")));
    let listed = json!({"series": [{"title": "Learning Rust, slowly", "slug": "learning-rust", "author": "ada", "articles": 3}]});
    assert_eq!(desk.app.get("/v1/series").await.json(), listed);
    let page = desk.app.get("/v1/articles?series=learning-rust&limit=2&cursor=").await;
    assert_eq!((slugs(&page), page.header("x-total-count")), (vec!["c".into(), "a".into()], Some("3")));
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    desk.change_series(json!({"articles": ["a", "c"]})).await;
    let rest = desk.app.get(&format!("/v1/articles?series=learning-rust&limit=2&cursor={cursor}")).await;
    assert_eq!(slugs(&rest), ["c", "b"]);
    assert_eq!(slugs(&desk.app.get("/v1/articles?series=learning-rust&page=2&limit=2").await), ["b"]);
    // It stays right when the last one that was read leaves.
    let page = desk.app.get("/v1/articles?series=learning-rust&limit=1&cursor=").await;
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    desk.verb("a", "unpublish").await;
    let rest = desk.app.get(&format!("/v1/articles?series=learning-rust&limit=9&cursor={cursor}")).await;
    assert_eq!(slugs(&rest), ["c", "b"]);
    assert_eq!(slugs(&desk.app.get("/v1/articles?series=learning-rust&year=1999").await), [""; 0]);
    assert_eq!(slugs(&desk.app.get("/v1/articles?series=unknown").await), [""; 0]);
}

#[tokio::test]
async fn what_readers_do_not_see_of_a_series_only_its_author_does() {
    let desk = Desk::start().await;
    for title in ["a", "b", "c"] {
        desk.part(title, "Learning Rust").await;
    }
    desk.part("z", "Unseen").await;
    desk.verb("z", "unpublish").await;
    let own = desk.app.send(desk.request(Method::GET, "/v1/series")).await;
    assert_eq!((&own.json()["series"][1]["slug"], own.header("x-total-count")), (&json!("unseen"), Some("2")));
    assert_eq!(desk.app.get("/v1/series").await.header("x-total-count"), Some("1"));
    desk.verb("b", "unpublish").await;
    assert_eq!(
        (order(&desk.series().await), desk.place("a").await),
        (vec!["a".into(), "c".into()], json!([1, 2, null, "c"]))
    );
    let own = desk.app.send(desk.request(Method::GET, "/v1/series/learning-rust")).await;
    assert_eq!(order(&own), ["a", "b", "c"]);
    // A draft has the place that it will have.
    assert_eq!(desk.read("b").await.json()["meta"]["series"]["place"], 2);
    desk.patched("b", json!({"title": "B, again", "publish_at": "2099-01-01T00:00:00Z"})).await;
    assert_eq!(order(&desk.series().await), ["a", "c"]);
    desk.verb("b", "publish").await;
    assert_eq!(desk.place("a").await, json!([1, 3, null, "b"]));
    let meta = desk.app.get("/v1/articles/a").await.json()["meta"]["series"].clone();
    assert_eq!(meta["next"], json!({"title": "B, again", "slug": "b"}));
    desk.patched("b", json!({"slug": "b2"})).await;
    assert_eq!(desk.place("a").await, json!([1, 3, null, "b2"]));
    desk.verb("b2", "delete").await;
    assert_eq!(order(&desk.series().await), ["a", "c"]);
    desk.verb("b2", "restore").await;
    assert_eq!(order(&desk.series().await), ["a", "b2", "c"]);
    for slug in ["a", "b2", "c"] {
        desk.patched(slug, json!({"series": null})).await;
    }
    assert_eq!(desk.series().await.refusal(404), "Series not found");
    assert_eq!(desk.app.get("/v1/series").await.json(), json!({"series": []}));
}

#[tokio::test]
async fn a_series_is_its_authors_and_has_an_end() {
    let desk = Desk::start().await;
    desk.part("a", "Learning Rust").await;
    desk.publish("z").await;
    let bob = desk.app.author("bob").await;
    let by_bob = |method, path: &str, body: Value| desk.app.send(Request::new(method, path).bearer(&bob).json(&body));
    let article = json!({"title": "b", "body": "b", "meta_description": "", "series": "Learning Rust"});
    assert_eq!(by_bob(Method::POST, "/v1/articles", article).await.refusal(403), "Not your series");
    let change = json!({"title": "x"});
    assert_eq!(by_bob(Method::PATCH, "/v1/series/learning-rust", change).await.refusal(403), "Not your series");
    assert_eq!(desk.change_series(json!({"x": 1})).await.refusal(400), "Expected one of 'title' and 'articles'");
    for (body, sentence) in [
        (json!({}), "Expected one of 'title' and 'articles'"),
        (json!({"title": "!"}), "The title of a series must have a letter or a digit"),
        (json!({"title": "x".repeat(201)}), "The title of a series must not be longer than 200 characters"),
        (json!({"articles": ["z"]}), "'z' is not in the series"),
        (json!({"articles": ["/"]}), "'/' is not in the series"),
        (json!({"articles": "a"}), "Expected 'articles' to be an array of strings"),
    ] {
        assert_eq!(desk.change_series(body).await.refusal(400), sentence);
    }
    for number in 2..=100 {
        desk.create(json!({"status": "draft", "title": format!("Part {number}"), "series": "Learning Rust"})).await;
    }
    assert_eq!(
        desk.patch("z", json!({"series": "learning rust"})).await.refusal(409),
        "A series has at most 100 articles"
    );
    // One that is in it already changes.
    assert_eq!(desk.patched("a", json!({"title": "A"})).await["title"], "A");
}
