//! What articles are about.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::{Desk, slugs};
use crate::harness::Request;

impl Desk {
    /// The tags of the site, by slugs, with how many articles each has.
    async fn tags(&self) -> Value {
        let response = self.app.get("/v1/tags").await;
        let tags = response.json()["tags"].clone();
        let count: usize = response.header("x-total-count").unwrap().parse().unwrap();
        assert_eq!(count, tags.as_array().unwrap().len());
        tags
    }

    async fn tagged(&self, tag: &str) -> Vec<String> {
        let by_path = self.app.get(&format!("/v1/tags/{tag}/articles")).await;
        let by_query = self.app.get(&format!("/v1/articles?tag={tag}")).await;
        assert_eq!((by_path.status, by_path.text()), (StatusCode::OK, by_query.text()));
        slugs(&by_path)
    }

    async fn rename_tag(&self, tag: &str, name: &str) -> crate::harness::Response {
        self.app.send(self.request(Method::PATCH, &format!("/v1/tags/{tag}")).json(&json!({"name": name}))).await
    }
}

fn article(title: &str, tags: &[&str]) -> Value {
    json!({"title": title, "body": "b", "meta_description": "", "tags": tags})
}

fn counts(tags: &[(&str, &str, u64)]) -> Value {
    tags.iter().map(|(name, slug, articles)| json!({"name": name, "slug": slug, "articles": articles})).collect()
}

#[tokio::test]
async fn tags_of_the_same_letters_are_one_and_are_counted() {
    let desk = Desk::start().await;
    assert_eq!(desk.tags().await, json!([]));
    let created = desk.create(article("a", &["Rust", "rust", " Web  design "])).await.json();
    assert_eq!(created["article"]["tags"], json!(["Rust", "Web design"]));
    desk.create(article("b", &["rust", "C++", "C#"])).await;
    let all = [("C++", "cplusplus", 1), ("C#", "csharp", 1), ("Rust", "rust", 2), ("Web design", "web-design", 1)];
    assert_eq!(desk.tags().await, counts(&all));
    assert_eq!(desk.read("b").await.json()["article"]["tags"], json!(["rust", "C++", "C#"]));
    for tag in ["rust", "Rust", "RUST"] {
        assert_eq!(desk.tagged(tag).await, ["b", "a"], "{tag}");
    }
    assert_eq!(desk.tagged("web-design").await, ["a"]);
    assert_eq!(desk.tagged("C%23").await, ["b"]);
    assert_eq!(desk.tagged("unknown").await, [""; 0]);
    assert_eq!(desk.app.get("/v1/tags/%21/articles").await.refusal(404), "Tag not found");
    assert_eq!(desk.app.get("/v1/articles?tag=%21").await.refusal(400), "Expected 'tag' to be a tag");
    assert_eq!(
        desk.app.get("/v1/articles?tag=a&author=ada").await.refusal(400),
        "Expected only one of 'author', 'tag' and 'series'"
    );
    let page = desk.app.get("/v1/tags/rust/articles?limit=1&cursor=").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = desk.app.get(&format!("/v1/tags/rust/articles?limit=1&cursor={cursor}")).await;
    assert_eq!((slugs(&rest), &rest.json()["next_cursor"]), (vec!["a".to_owned()], &Value::Null));
    let page = desk.app.get("/v1/tags/rust/articles?limit=1").await;
    assert_eq!(page.header("link"), Some("</v1/tags/rust/articles?page=2&limit=1>; rel=\"next\""));
}

#[tokio::test]
async fn only_what_readers_see_is_counted() {
    let desk = Desk::start().await;
    desk.create(article("a", &["Rust"])).await;
    for (slug, verb) in [("a", "unpublish"), ("a", "delete")] {
        desk.verb(slug, verb).await;
        assert_eq!((desk.tags().await, desk.tagged("rust").await), (json!([]), vec![]), "{verb}");
    }
    desk.verb("a", "restore").await;
    desk.verb("a", "publish").await;
    assert_eq!(desk.tags().await, counts(&[("Rust", "rust", 1)]));
    desk.patched("a", json!({"tags": ["Go"]})).await;
    assert_eq!(desk.tags().await, counts(&[("Go", "go", 1)]));
    desk.patched("a", json!({"tags": null})).await;
    assert_eq!(desk.tags().await, json!([]));
    desk.create(json!({"status": "draft", "title": "c", "tags": ["Rust"]})).await;
    assert_eq!(desk.tags().await, json!([]));
}

#[tokio::test]
async fn the_tags_of_a_revision_are_restored_with_it() {
    let desk = Desk::start().await;
    desk.create(article("a", &["Rust"])).await;
    desk.patched("a", json!({"tags": ["Go"], "keep": true})).await;
    let revision = |number: u64, verb: &str| format!("/v1/articles/a/revisions/{number}{verb}");
    let first = desk.app.send(desk.request(Method::GET, &revision(1, ""))).await.json();
    assert_eq!(first["revision"]["tags"], json!(["Rust"]));
    desk.app.send(desk.request(Method::POST, &revision(1, "/restore"))).await;
    assert_eq!(desk.tags().await, counts(&[("Rust", "rust", 1)]));
}

#[tokio::test]
async fn what_is_no_tag_is_refused() {
    let desk = Desk::start().await;
    desk.create(article("a", &[])).await;
    let many: Vec<_> = (0..11).map(|number| number.to_string()).collect();
    for (tags, sentence) in [
        (json!("Rust"), "Expected 'tags' to be an array of strings"),
        (json!(["Rust", 1]), "Expected 'tags' to be an array of strings"),
        (json!([["Rust"]]), "Expected 'tags' to be an array of strings"),
        (json!(vec!["a"; 1_001]), "Expected 'tags' to be an array of strings"),
        (json!([""]), "A tag must have a letter or a digit"),
        (json!(["x".repeat(51)]), "A tag must not be longer than 50 characters"),
        (json!(["a\u{7}"]), "A tag must not contain control or bidirectional formatting characters"),
        (json!(["a\0"]), "'tags' must not contain null bytes"),
        (json!(vec!["a"; 101]), "An article must not have more than 10 tags"),
        (json!(["\u{fdfa}".repeat(50)]), "A tag must not be longer than 50 characters"),
        (json!(["\u{3164}"]), "A tag must have a letter or a digit"),
        (json!(many), "An article must not have more than 10 tags"),
    ] {
        assert_eq!(desk.patch("a", json!({"tags": tags})).await.refusal(400), sentence, "{tags}");
        let mut body = article("b", &[]);
        body["tags"] = tags;
        assert_eq!(desk.create(body).await.refusal(400), sentence);
    }
    assert_eq!(desk.patched("a", json!({"tags": vec!["a"; 100]})).await["tags"], json!(["a"]));
}

#[tokio::test]
async fn the_owner_renames_tags_everywhere_and_makes_one_of_two() {
    let desk = Desk::start().await;
    let bob = desk.app.author("bob").await;
    desk.create(article("a", &["golang", "Rust"])).await;
    let by_bob = Request::new(Method::POST, "/v1/articles").bearer(&bob);
    desk.app.send(by_bob.json(&article("b", &["Golang", "Go"]))).await;
    desk.create(json!({"status": "draft", "title": "c", "tags": ["golang"]})).await;
    let renaming = Request::new(Method::PATCH, "/v1/tags/golang").bearer(&bob).json(&json!({"name": "Go"}));
    assert_eq!(desk.app.send(renaming).await.refusal(403), "Not the owner of the site");
    assert_eq!(desk.rename_tag("x", "Go").await.refusal(404), "Tag not found");
    assert_eq!(desk.rename_tag("golang", "?").await.refusal(400), "A tag must have a letter or a digit");
    let before = desk.read("c").await;
    let renamed = desk.rename_tag("golang", "GO").await;
    assert_eq!(renamed.json()["tag"], json!({"name": "GO", "slug": "go", "articles": 2}), "{}", renamed.text());
    assert_eq!(desk.tags().await, counts(&[("GO", "go", 2), ("Rust", "rust", 1)]));
    assert_eq!(desk.tagged("go").await, ["b", "a"]);
    for (slug, tags) in [("a", json!(["GO", "Rust"])), ("c", json!(["GO"]))] {
        assert_eq!(desk.read(slug).await.json()["article"]["tags"], tags);
    }
    assert_eq!(desk.app.get("/v1/articles/b").await.json()["article"]["tags"], json!(["GO"]));
    // Whoever has the old name before them does not bring it back.
    let stale = desk.request(Method::PATCH, "/v1/articles/c").header("if-match", before.header("etag").unwrap());
    desk.app.send(stale.json(&json!({"tags": ["golang"]}))).await.refusal(412);
    // How it is written, too.
    assert_eq!(desk.rename_tag("go", "Go").await.json()["tag"]["name"], "Go");
    assert_eq!(desk.tags().await, counts(&[("Go", "go", 2), ("Rust", "rust", 1)]));
    assert_eq!(desk.rename_tag("golang", "Go").await.refusal(404), "Tag not found");
}

#[tokio::test]
async fn more_tags_than_are_listed_at_once_are_listed_by_cursors() {
    let desk = Desk::start().await;
    for article in 0..105 {
        let tags: Vec<_> = (0..10).map(|tag| format!("t{:04}", article * 10 + tag)).collect();
        desk.create(json!({"title": "x", "body": "b", "meta_description": "", "tags": tags})).await;
    }
    let page = desk.app.get("/v1/tags").await;
    assert_eq!((page.json()["tags"].as_array().unwrap().len(), page.header("x-total-count")), (1_000, None));
    let cursor = page.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = desk.app.get(&format!("/v1/tags?cursor={cursor}")).await.json();
    let slugs: Vec<_> = rest["tags"].as_array().unwrap().iter().map(|tag| tag["slug"].as_str().unwrap()).collect();
    assert_eq!((slugs.len(), slugs[0], rest.get("next_cursor")), (50, "t1000", None));
    assert_eq!(
        desk.app.get("/v1/tags?cursor=%20").await.refusal(400),
        "Expected 'cursor' to be empty or a 'next_cursor'"
    );
}
