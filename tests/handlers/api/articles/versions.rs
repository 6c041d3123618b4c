//! Versions of an article: who means another one changes nothing.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;

use super::desk::Desk;
use crate::harness::Response;

/// The version that an entity tag begins with.
fn version(response: &Response) -> String {
    let tag = response.header("etag").expect("a version").trim_matches('"').to_owned();
    let parts: Vec<&str> = tag.split('-').collect();
    format!("{}-{}", parts[0], parts[1])
}

#[tokio::test]
async fn who_means_another_version_changes_nothing() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let patch = async |tag: &str, title: &str| {
        let request = desk.request(Method::PATCH, "/v1/articles/a").header("if-match", tag);
        desk.app.send(request.json(&json!({"title": title}))).await
    };
    // The tag of an answer is good as it is.
    let tag = desk.read("a").await.header("etag").unwrap().to_owned();
    let changed = patch(&tag, "b").await;
    assert_eq!((changed.status.as_u16(), version(&changed)), (200, "1-2".to_owned()));
    let refused = patch(&tag, "c").await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    let json = refused.json();
    assert_eq!(json["error"]["message"], "The article has changed, its version is 2");
    let updated_at = changed.json()["article"]["updated_at"].clone();
    assert_eq!(json["current"], json!({"version": 2, "updated_at": updated_at, "updated_by": "ada"}));
    for tag in ["W/\"1-1\"", "1-2", "\"x\"", "\"2\"", "\"2-2\"", "\"1-02\"", "\"1-1\", \"1-3\""] {
        assert_eq!(patch(tag, "c").await.status, StatusCode::PRECONDITION_FAILED, "{tag}");
    }
    for (tag, after) in [("*", "1-3"), ("\"1-7\", W/\"1-3-0\"", "1-4")] {
        assert_eq!(version(&patch(tag, after).await), after);
    }
    // What changes nothing is no version.
    assert_eq!(version(&patch("\"1-4\"", "1-4").await), "1-4");
    let delete = desk.request(Method::DELETE, "/v1/articles/a").header("if-match", "\"1-3\"");
    assert_eq!(desk.app.send(delete).await.status, StatusCode::PRECONDITION_FAILED);
    let known = desk.read("a").await.header("etag").unwrap().to_owned();
    let ask = || desk.app.send(desk.request(Method::GET, "/v1/articles/a").header("if-none-match", known.as_str()));
    assert_eq!(ask().await.status, StatusCode::NOT_MODIFIED);
    // Neighbours come and go by themselves: that is another answer, and the same version.
    desk.publish("next").await;
    let with_neighbour = ask().await;
    assert_eq!((with_neighbour.status, version(&with_neighbour)), (StatusCode::OK, "1-4".to_owned()));
    // The same number of another article is another version.
    desk.patched("a", json!({"slug": "b"})).await;
    desk.patched("next", json!({"slug": "a"})).await;
    assert_eq!(version(&desk.read("a").await), "2-2");
    assert_eq!(patch("\"1-2\"", "d").await.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn many_who_change_one_version_have_one_winner() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    let patch = |number: usize, tag: Option<&str>| {
        let request = desk.request(Method::PATCH, "/v1/articles/a").json(&json!({"title": format!("title {number}")}));
        desk.app.send(tag.into_iter().fold(request, |request, tag| request.header("if-match", tag)))
    };
    let responses = join_all((0..32).map(|number| patch(number, Some("\"1-1\"")))).await;
    let won: Vec<_> = responses.iter().filter(|response| response.status == StatusCode::OK).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(responses.iter().filter(|response| response.status.as_u16() == 412).count(), 31);
    assert_eq!(desk.read("a").await.json()["article"], won[0].json()["article"]);
    // Without a version, each is done, one after the other.
    let responses = join_all((32..64).map(|number| patch(number, None))).await;
    let versions: BTreeSet<_> = responses.iter().map(version).collect();
    assert_eq!(versions, (3..35).map(|number| format!("1-{number}")).collect());
    let last = responses.iter().find(|response| version(response) == "1-34").unwrap();
    assert_eq!(desk.read("a").await.json()["article"], last.json()["article"]);
}

#[tokio::test]
async fn a_draft_that_is_sent_again_is_one_whatever_became_of_it() {
    let desk = Desk::start().await;
    let body = json!({"status": "draft", "title": "A draft"});
    let create = || {
        let request = desk.request(Method::POST, "/v1/articles").header("idempotency-key", "one");
        desk.app.send(request.json(&body))
    };
    let first = create().await.json()["article"].clone();
    desk.patched("a-draft", json!({"title": "Renamed"})).await;
    let again = create().await;
    assert_eq!((again.status, &again.json()["article"]["id"]), (StatusCode::CREATED, &first["id"]));
    assert_eq!(desk.own("draft").await, ["renamed"]);
}
