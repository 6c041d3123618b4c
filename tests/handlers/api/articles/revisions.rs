//! What an article was before, and what differs.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::harness::{Request, Response};

impl Desk {
    async fn revisions(&self, path: &str) -> Response {
        self.app.send(self.request(Method::GET, &format!("/v1/articles/a/revisions{path}"))).await
    }

    /// The numbers and titles of all revisions.
    async fn titles(&self) -> Vec<(u64, String)> {
        let revisions = self.revisions("?limit=100").await.json()["revisions"].clone();
        let title =
            |revision: &Value| (revision["revision"].as_u64().unwrap(), revision["title"].as_str().unwrap().to_owned());
        revisions.as_array().unwrap().iter().map(title).collect()
    }
}

fn numbered(revisions: &[(u64, &str)]) -> Vec<(u64, String)> {
    revisions.iter().map(|(number, title)| (*number, (*title).to_owned())).collect()
}

#[tokio::test]
async fn what_was_saved_is_kept_and_what_follows_soon_counts_as_one() {
    let desk = Desk::start().await;
    let article = json!({"title": "a", "body": "one two three\n", "meta_description": ""});
    desk.app.publish_article(desk.token(), &article).await;
    desk.patched("a", json!({"title": "b"})).await;
    assert_eq!(desk.titles().await, numbered(&[(1, "b")]));
    desk.patched("a", json!({"body": "one 2 three <four>\n", "keep": true})).await;
    desk.patched("a", json!({"title": "c"})).await;
    assert_eq!(desk.titles().await, numbered(&[(2, "c"), (1, "b")]));
    // What is no save is no revision.
    desk.verb("a", "unpublish").await;
    desk.verb("a", "publish").await;
    desk.patched("a", json!({"published_at": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(desk.titles().await.len(), 2);
    let list = desk.revisions("").await.json();
    let (newest, oldest) = (&list["revisions"][0], &list["revisions"][1]);
    assert_eq!((&newest["words_added"], &newest["words_removed"]), (&json!(2), &json!(1)));
    assert_eq!((&oldest["words_added"], &oldest["words_removed"]), (&json!(3), &json!(0)));
    assert_eq!((&newest["author"], &newest["name"], &list["next_cursor"]), (&json!("ada"), &Value::Null, &Value::Null));
    let whole = desk.revisions("/1").await.json()["revision"].clone();
    assert_eq!((&whole["body"], &whole["html"]), (&json!("one two three\n"), &json!("<p>one two three</p>\n")));
    let difference = desk.revisions("/1..2").await.json();
    assert_eq!(difference["body"]["html"], "one <del>two</del><ins>2</ins> three<ins> &lt;four&gt;</ins>\n");
    assert_eq!(
        difference["body"]["unified"],
        "--- revision 1\n+++ revision 2\n@@ -1 +1 @@\n-one two three\n+one 2 three <four>\n"
    );
    assert_eq!(difference["title"]["html"], "<del>b</del><ins>c</ins>");
    assert_eq!(desk.revisions("/2..2").await.json()["body"]["unified"], "");
}

#[tokio::test]
async fn a_revision_is_restored_by_another_save() {
    let desk = Desk::start().await;
    let article = json!({"title": "a", "body": "the first", "meta_description": "x", "featured_image": "/a.png"});
    desk.app.publish_article(desk.token(), &article).await;
    desk.patched("a", json!({"title": "b", "body": "the second", "featured_image": null, "keep": true})).await;
    let restore =
        |number: &str| desk.app.send(desk.request(Method::POST, &format!("/v1/articles/a/revisions/{number}/restore")));
    let restored = restore("1").await;
    assert_eq!(restored.status, StatusCode::OK, "{}", restored.text());
    let read = desk.app.get("/v1/articles/a").await.json()["article"].clone();
    for (key, value) in [("title", "a"), ("body", "the first"), ("featured_image", "/a.png"), ("excerpt", "the first")]
    {
        assert_eq!(read[key], value, "{key}");
    }
    assert_eq!(desk.titles().await, numbered(&[(3, "a"), (2, "b"), (1, "a")]));
    assert_eq!(restore("4").await.refusal(404), "Revision not found");
    for path in ["/4", "/01", "/x", "/1..4", "/1..", "/0"] {
        assert_eq!(desk.revisions(path).await.refusal(404), "Revision not found", "{path}");
    }
}

#[tokio::test]
async fn revisions_are_their_authors() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let bob = desk.app.author("bob").await;
    for path in ["revisions", "revisions/1", "revisions/1..1"] {
        let path = format!("/v1/articles/a/{path}");
        assert_eq!(desk.app.send(Request::new(Method::GET, &path).bearer(&bob)).await.refusal(403), "Not your article");
        assert_eq!(desk.app.get(&path).await.refusal(403), "No authorization header provided");
    }
}

#[tokio::test]
async fn the_newest_are_kept_and_those_that_have_a_name() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let name = |number: u64, body: Value| {
        let path = format!("/v1/articles/a/revisions/{number}/name");
        desk.app.send(desk.request(Method::PUT, &path).json(&body))
    };
    assert_eq!(name(1, json!({"name": " The first "})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(name(2, json!({"name": "x"})).await.refusal(404), "Revision not found");
    assert_eq!(
        name(1, json!({"name": "x".repeat(101)})).await.refusal(400),
        "Expected 'name' to have 1 to 100 characters"
    );
    assert_eq!(name(1, json!({"x": 1})).await.refusal(400), "Expected 'name' key");
    // One that has a name does not go on.
    for number in 2..=203 {
        desk.patched("a", json!({"title": format!("title {number}"), "keep": true})).await;
    }
    let titles = desk.titles().await;
    assert_eq!((titles.len(), titles[0].0, titles[99].0), (100, 203, 104));
    let rest = desk.revisions("?limit=100&cursor=104").await.json();
    let rest = rest["revisions"].as_array().unwrap();
    assert_eq!((rest.len(), &rest[99]["revision"]), (100, &json!(4)));
    let last = desk.revisions("?cursor=4").await.json();
    assert_eq!(last["revisions"].as_array().unwrap().len(), 1);
    assert_eq!((&last["revisions"][0]["name"], &last["next_cursor"]), (&json!("The first"), &Value::Null));
    assert_eq!(desk.revisions("/3").await.refusal(404), "Revision not found");
    assert_eq!(desk.revisions("/1").await.json()["revision"]["title"], "a");
}

#[tokio::test]
async fn of_many_who_save_at_once_all_are_kept() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let patch = |number: usize, tag: Option<&str>| {
        let body = json!({"title": format!("title {number}"), "body": format!("body {number}"), "keep": true});
        let request = desk.request(Method::PATCH, "/v1/articles/a").json(&body);
        desk.app.send(tag.into_iter().fold(request, |request, tag| request.header("if-match", tag)))
    };
    // With a version, those who win.
    let tagged = join_all((0..32).map(|number| patch(number, Some("\"1-1\"")))).await;
    assert_eq!(tagged.iter().filter(|response| response.status == StatusCode::OK).count(), 1);
    assert_eq!(desk.titles().await.len(), 2);
    // Without, all of them.
    let responses = join_all((32..64).map(|number| patch(number, None))).await;
    assert!(responses.iter().all(|response| response.status == StatusCode::OK));
    let titles = desk.titles().await;
    assert_eq!(titles.len(), 34);
    for number in 32..64 {
        assert!(titles.iter().any(|(_, title)| *title == format!("title {number}")), "{number}");
    }
    for (number, title) in titles.iter().take(32) {
        let revision = desk.revisions(&format!("/{number}")).await.json()["revision"].clone();
        assert_eq!(revision["body"], title.replace("title", "body"), "each has its own text");
    }
}

#[tokio::test]
async fn whatever_is_saved_by_many_at_once_is_a_revision() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let path = "/v1/articles/a";
    let save = |number: u32, version: Option<&str>| {
        let request = desk.request(Method::PATCH, path).json(&json!({"title": format!("Save {number}"), "keep": true}));
        desk.app.send(if let Some(version) = version { request.header("if-match", version) } else { request })
    };
    let saved = |responses: &[Response]| -> Vec<String> {
        let won = responses.iter().filter(|response| response.status == StatusCode::OK);
        won.map(|response| response.json()["article"]["title"].as_str().unwrap().to_owned()).collect()
    };
    // Of those who mean one version, one wins.
    let winner = saved(&join_all((0..32).map(|number| save(number, Some("\"1-1\"")))).await);
    assert_eq!(winner.len(), 1);
    assert_eq!(desk.titles().await, [(2, winner[0].clone()), (1, "a".to_owned())]);
    // Of all others, each does, and what stands is the last.
    let all = saved(&join_all((32..64).map(|number| save(number, None))).await);
    let revisions: Vec<String> = desk.titles().await.into_iter().map(|(_, title)| title).collect();
    assert_eq!(revisions.len(), 34);
    let mut kept = revisions[..32].to_vec();
    kept.sort();
    let mut all_sorted = all.clone();
    all_sorted.sort();
    assert_eq!(kept, all_sorted);
    assert_eq!(desk.read("a").await.json()["article"]["title"], json!(revisions[0]));
}
