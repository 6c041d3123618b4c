//! What becomes of an article: drafts, changes, schedules, other slugs, the bin.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::desk::{Desk, slugs};
use crate::harness::Request;

/// A moment so many seconds from now.
fn in_seconds(seconds: i64) -> String {
    (OffsetDateTime::now_utc() + time::Duration::seconds(seconds)).format(&Rfc3339).unwrap()
}

#[tokio::test]
async fn a_draft_is_its_authors_until_it_is_published() {
    let desk = Desk::start().await;
    let other = desk.app.author("bob").await;
    let created = desk.create(json!({"status": "draft", "body": "Some words"})).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert!(created.header("etag").unwrap().starts_with("\"1-1-"));
    let article = created.json()["article"].clone();
    assert_eq!((&article["slug"], &article["status"]), (&json!("untitled"), &json!("draft")));
    assert_eq!((&article["published_at"], &article["title"]), (&Value::Null, &json!("")));
    // Its slug follows its title.
    let article = desk.patched("untitled", json!({"title": "A thought"})).await;
    assert_eq!(article["slug"], "a-thought");
    assert_eq!(desk.read("untitled").await.refusal(404), "Article not found");
    assert!(!desk.is_there("a-thought").await);
    let request = |method| Request::new(method, "/v1/articles/a-thought").bearer(&other);
    assert_eq!(desk.app.send(request(Method::GET)).await.refusal(404), "Article not found");
    assert_eq!(desk.app.send(request(Method::DELETE)).await.refusal(404), "Article not found");
    assert_eq!(desk.own("draft").await, ["a-thought"]);
    assert_eq!(desk.listed().await, [""; 0]);
    let read = desk.read("a-thought").await;
    assert!(read.header("etag").unwrap().starts_with("\"1-2-"));
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));

    let published = desk.verb("a-thought", "publish").await;
    assert_eq!(published["status"], "published");
    assert_eq!((&published["id"], &published["created_at"]), (&article["id"], &article["created_at"]));
    assert_ne!(published["published_at"], published["created_at"]);
    assert_eq!(desk.listed().await, ["a-thought"]);
    assert_eq!(desk.own("draft").await, [""; 0]);
    assert_eq!(desk.own("published").await, ["a-thought"]);
    assert_eq!(desk.app.send(request(Method::DELETE)).await.refusal(403), "Not your article");
    // From now on, the slug stays.
    assert_eq!(desk.patched("a-thought", json!({"title": "Another thought"})).await["slug"], "a-thought");
    assert_eq!(desk.verb("a-thought", "unpublish").await["published_at"], Value::Null);
    assert_eq!(desk.patched("a-thought", json!({"title": "A third"})).await["slug"], "a-thought");
    assert!(!desk.is_there("a-thought").await);
    assert_eq!(desk.own("draft").await, ["a-thought"]);
}

#[tokio::test]
async fn what_is_too_little_or_makes_no_sense_is_refused() {
    let desk = Desk::start().await;
    for (body, reason) in [
        (json!({"status": "draft"}), "A draft needs a title or a body"),
        (json!({"status": "draft", "title": "", "body": " \n"}), "A draft needs a title or a body"),
        (
            json!({"status": "draft", "title": "x", "published_at": "2020-01-01T00:00:00Z"}),
            "A draft has no 'published_at'",
        ),
        (json!({"status": "x"}), "Expected 'status' to be one of draft, published, scheduled and unlisted"),
        (
            json!({"status": "scheduled", "title": "x", "body": "x", "meta_description": ""}),
            "Expected 'publish_at' key",
        ),
        (json!({"status": "published", "title": "x"}), "Expected 'body' key"),
        (json!({"publish_at": "tomorrow"}), "Expected 'publish_at' to be a date and time of RFC 3339"),
        (
            json!({"published_at": "9999-12-31T23:59:59-23:00"}),
            "Expected 'published_at' to be a date and time of RFC 3339",
        ),
        (
            json!({"title": "x", "body": "x", "meta_description": "", "published_at": in_seconds(60)}),
            "'published_at' must not be in the future, use 'publish_at'",
        ),
    ] {
        assert_eq!(desk.create(body.clone()).await.refusal(400), reason, "{body}");
    }
    desk.create(json!({"status": "draft", "title": "A draft"})).await;
    desk.publish("Published").await;
    let keys = "Expected one of 'title', 'body', 'meta_description', 'featured_image', 'tags', 'series', 'slug', 'status', 'publish_at' and 'published_at'";
    for (slug, body, reason) in [
        ("a-draft", json!({}), keys),
        ("a-draft", json!({"titel": "x"}), keys),
        ("a-draft", json!({"title": null}), "A draft needs a title or a body"),
        ("a-draft", json!({"title": 1}), "Expected 'title' to be a string"),
        (
            "a-draft",
            json!({"published_at": "2020-01-01T00:00:00Z"}),
            "A draft is not published yet, publish it with 'published_at'",
        ),
        ("published", json!({"title": null}), "The title must not be empty"),
        (
            "published",
            json!({"published_at": in_seconds(60)}),
            "'published_at' must not be in the future, use 'publish_at'",
        ),
        ("published", json!({"slug": "No Slug"}), "Invalid slug"),
        ("published", json!({"slug": "ÉTÉ"}), "Invalid slug"),
    ] {
        assert_eq!(desk.patch(slug, body.clone()).await.refusal(400), reason, "{body}");
    }
    assert_eq!(
        desk.patch("published", json!({"publish_at": null})).await.refusal(409),
        "The article is published, unpublish it first"
    );
    assert_eq!(desk.patch("nothing", json!({"title": "x"})).await.refusal(404), "Article not found");
    let query = |query: &str| desk.app.send(desk.request(Method::GET, &format!("/v1/users/me/articles?{query}")));
    let reason = "Expected 'status' to be one of draft, scheduled, published, unlisted and deleted";
    assert_eq!(query("status=x").await.refusal(400), reason);
}

#[tokio::test]
async fn a_scheduled_article_is_there_from_its_time_on() {
    let desk = Desk::start().await;
    desk.publish("First").await;
    let draft = json!({"title": "Later", "body": "text", "meta_description": "", "publish_at": in_seconds(3_600)});
    let created = desk.create(draft).await.json()["article"].clone();
    assert_eq!(created["status"], "scheduled");
    desk.create(json!({"status": "draft", "title": "Soon", "body": "text"})).await;
    let at = OffsetDateTime::now_utc() + time::Duration::milliseconds(1_500);
    let scheduled = desk.patched("soon", json!({"publish_at": at.format(&Rfc3339).unwrap()})).await;
    assert_eq!(scheduled["status"], "scheduled");
    desk.publish("Second").await;
    assert_eq!(desk.own("scheduled").await, ["later", "soon"]);
    assert_eq!(
        (desk.listed().await, desk.is_there("soon").await),
        (vec!["second".to_owned(), "first".to_owned()], false)
    );
    assert_eq!(desk.neighbours("second").await, [json!("first"), Value::Null]);
    let begun = Instant::now();
    while !desk.is_there("soon").await {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never comes");
        tokio::task::yield_now().await;
    }
    // Nor does any of these come earlier or later.
    assert!((OffsetDateTime::now_utc() - at).abs() < time::Duration::milliseconds(100));
    assert_eq!(desk.listed().await, ["soon", "second", "first"]);
    assert_eq!(desk.neighbours("second").await, [json!("first"), json!("soon")]);
    assert_eq!(desk.own("scheduled").await, ["later"]);
    // Its time moves, and comes at once.
    assert_eq!(desk.patched("later", json!({"publish_at": in_seconds(7_200)})).await["status"], "scheduled");
    assert_eq!(desk.verb("later", "publish").await["status"], "published");
    assert_eq!(desk.listed().await, ["later", "soon", "second", "first"]);
    let refused = desk.patch("later", json!({"publish_at": in_seconds(60)})).await;
    assert_eq!(refused.refusal(409), "The article is published, unpublish it first");
    desk.verb("later", "unpublish").await;
    assert_eq!(desk.patched("later", json!({"publish_at": in_seconds(60)})).await["status"], "scheduled");
    assert_eq!(desk.patched("later", json!({"publish_at": null})).await["status"], "draft");
    // A time of the past is a date.
    let old = desk.patched("later", json!({"publish_at": "1999-12-31T23:00:00Z"})).await;
    assert_eq!((&old["status"], &old["published_at"]), (&json!("published"), &json!("1999-12-31T23:00:00.000Z")));
    assert_eq!(desk.listed().await, ["soon", "second", "first", "later"]);
    assert_eq!(desk.neighbours("first").await, [json!("later"), json!("second")]);
    assert_eq!(slugs(&desk.app.get("/v1/articles?year=1999").await), ["later"]);
    assert_eq!(desk.app.get("/v1/articles?year=2000").await.header("x-total-count"), Some("0"));
}

#[tokio::test]
async fn articles_move_in_time_and_come_and_go() {
    let desk = Desk::start().await;
    for title in ["a", "b", "c", "d"] {
        desk.publish(title).await;
    }
    desk.patched("c", json!({"published_at": "2001-01-01T00:00:00Z"})).await;
    assert_eq!(desk.listed().await, ["d", "b", "a", "c"]);
    assert_eq!(desk.neighbours("c").await, [Value::Null, json!("a")]);
    assert_eq!(desk.neighbours("b").await, [json!("a"), json!("d")]);
    let deleted = desk.verb("b", "delete").await;
    assert_eq!(deleted["status"], "deleted");
    assert_eq!(desk.listed().await, ["d", "a", "c"]);
    assert_eq!(desk.neighbours("a").await, [json!("c"), json!("d")]);
    assert_eq!((desk.own("deleted").await, desk.is_there("b").await), (vec!["b".to_owned()], false));
    assert_eq!(desk.patch("b", json!({"title": "x"})).await.refusal(409), "The article is deleted, restore it first");
    // Its slug is still its own.
    assert_eq!(desk.publish("b").await["slug"], "b-2");
    assert_eq!(desk.verb("b", "restore").await["status"], "published");
    assert_eq!(desk.listed().await, ["b-2", "d", "b", "a", "c"]);
    assert_eq!(desk.neighbours("b").await, [json!("a"), json!("d")]);
    // What was renamed is linked by its new title.
    desk.patched("d", json!({"title": "D, renamed"})).await;
    let meta = desk.app.get("/v1/articles/b").await.json()["meta"].clone();
    assert_eq!(meta["adjacent_articles"]["next"], json!({"title": "D, renamed", "slug": "d"}));
    let unlisted = json!({"title": "Hidden", "body": "text", "meta_description": "", "status": "unlisted"});
    assert_eq!(desk.create(unlisted).await.json()["article"]["status"], "unlisted");
    assert!(desk.is_there("hidden").await);
    assert_eq!((desk.own("unlisted").await, desk.listed().await.len()), (vec!["hidden".to_owned()], 5));
    assert_eq!(desk.neighbours("hidden").await, [Value::Null, Value::Null]);
    assert_eq!(desk.verb("hidden", "publish").await["status"], "published");
    assert_eq!(desk.listed().await[0], "hidden");
}

#[tokio::test]
async fn an_old_address_leads_to_the_new_one() {
    let desk = Desk::start().await;
    desk.publish("One").await;
    desk.publish("Two").await;
    let moved = async |slug: &str| {
        let response = desk.app.get(&format!("/v1/articles/{slug}")).await;
        assert_eq!(response.status.as_u16(), 308, "{}", response.text());
        let json = response.json();
        assert_eq!(json["error"]["type"], "Permanent Redirect");
        let slug = json["article"]["slug"].as_str().unwrap().to_owned();
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert_eq!(response.header("location"), Some(&*format!("/v1/articles/{slug}")));
        slug
    };
    for slug in ["uno", "eins", "the-first"] {
        assert_eq!(desk.patched("one", json!({"slug": slug})).await["slug"], slug);
    }
    for old in ["one", "uno", "eins"] {
        assert_eq!(moved(old).await, "the-first");
    }
    assert_eq!(desk.neighbours("two").await, [json!("the-first"), Value::Null]);
    assert_eq!(desk.patched("the-first", json!({"slug": "one"})).await["slug"], "one");
    assert_eq!((moved("the-first").await, desk.is_there("one").await), ("one".to_owned(), true));
    assert_eq!(desk.patch("two", json!({"slug": "one"})).await.refusal(409), "The slug 'one' is taken");
    // Nobody gets an old address who does not ask for it.
    assert_eq!(desk.publish("Uno").await["slug"], "uno-2");
    assert_eq!(desk.patched("two", json!({"slug": "uno"})).await["slug"], "uno");
    assert_eq!((desk.is_there("uno").await, moved("two").await), (true, "uno".to_owned()));
    // Nor is it another author's to take.
    let bob = desk.app.author("bob").await;
    desk.app.publish(&bob, "Three").await;
    let take = Request::new(Method::PATCH, "/v1/articles/three").bearer(&bob).json(&json!({"slug": "two"}));
    assert_eq!(desk.app.send(take).await.refusal(409), "The slug 'two' is taken");
    desk.verb("uno", "unpublish").await;
    assert_eq!(desk.app.get("/v1/articles/two").await.refusal(404), "Article not found");
    assert_eq!(desk.patched("two", json!({"title": "Changed by its old address"})).await["slug"], "uno");
}

#[tokio::test]
async fn an_article_becomes_what_its_status_says() {
    let desk = Desk::start().await;
    let published = desk.publish("a").await;
    let unlisted = desk.patched("a", json!({"status": "unlisted"})).await;
    assert_eq!((&unlisted["status"], &unlisted["published_at"]), (&json!("unlisted"), &published["published_at"]));
    assert_eq!((desk.listed().await, desk.is_there("a").await), (vec![], true));
    assert_eq!(desk.patched("a", json!({"status": "published"})).await["published_at"], published["published_at"]);
    assert_eq!(desk.listed().await, ["a"]);
    assert_eq!(desk.patched("a", json!({"status": "draft"})).await["published_at"], Value::Null);
    let scheduled = json!({"status": "scheduled", "publish_at": in_seconds(3_600)});
    assert_eq!(desk.patched("a", scheduled).await["status"], "scheduled");
    // At once, not at its time.
    let unlisted = desk.patched("a", json!({"status": "unlisted"})).await;
    assert_eq!((&unlisted["status"], desk.is_there("a").await), (&json!("unlisted"), true));
    let old = json!({"status": "published", "published_at": "2020-01-01T00:00:00Z"});
    assert!(desk.patched("a", old).await["published_at"].as_str().unwrap().starts_with("2020"));
    for (body, sentence) in [
        (json!({"status": "gone"}), "Expected 'status' to be one of draft, published, scheduled and unlisted"),
        (json!({"status": "scheduled"}), "Expected 'publish_at' key"),
        (json!({"status": "draft", "publish_at": in_seconds(9)}), "Expected 'status' or 'publish_at', not both"),
    ] {
        assert_eq!(desk.patch("a", body).await.refusal(400), sentence);
    }
    let publish = desk.request(Method::POST, "/v1/articles/a/publish").json(&json!({"status": "unlisted"}));
    let sentence = "To make something else of an article, change its 'status'";
    assert_eq!(desk.app.send(publish).await.refusal(400), sentence);
}
