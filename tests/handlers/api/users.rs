//! What users say of themselves.

use http::{Method, StatusCode};
use image::ImageFormat;
use serde_json::{Value, json};

use super::images::samples::{encoded, picture};
use super::images::{path, upload, urls};
use crate::harness::{Request, Response, TestApp};

async fn patch(app: &TestApp, token: &str, body: Value) -> Response {
    app.send(Request::new(Method::PATCH, "/v1/users/me").bearer(token).json(&body)).await
}

#[tokio::test]
async fn what_users_say_of_themselves_is_seen_at_once() {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    app.publish(&token, "a").await;
    let first = json!({"user": {
        "id": 1, "username": "Ada", "location": "", "avatar_url": "default.jpg", "bio": "", "bio_html": "", "links": [],
    }});
    assert_eq!(app.get("/v1/users/ada").await.json(), first);
    // So that they are cached.
    for path in ["/v1/articles/a", "/v1/users/ada/articles", "/v1/articles?include=author"] {
        app.get(path).await;
    }
    let body = json!({"location": " London ", "bio": "I *write*.", "links": ["https://example.com/ada"]});
    let changed = patch(&app, &token, body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let expected = json!({"user": {
        "id": 1, "username": "Ada", "location": "London", "avatar_url": "default.jpg",
        "bio": "I *write*.", "bio_html": "<p>I <em>write</em>.</p>\n", "links": ["https://example.com/ada"],
    }});
    assert_eq!(changed.json(), expected);
    assert_eq!(app.get("/v1/users/ADA").await.json(), expected);
    let me = app.send(Request::new(Method::GET, "/v1/users/me").bearer(&token)).await;
    assert_eq!((me.json(), me.header("cache-control")), (expected, Some("no-store")));
    assert_eq!(app.get("/v1/articles/a").await.json()["user"]["location"], "London");
    assert_eq!(app.get("/v1/users/ada/articles").await.json()["user"]["location"], "London");
    let listed = app.get("/v1/articles?include=author").await.json();
    assert_eq!(listed["articles"][0]["author"]["location"], "London");
    let emptied = patch(&app, &token, json!({"location": null, "bio": null, "links": null})).await;
    assert_eq!(emptied.json(), first);
    // Nothing else of a user is lost with it.
    let project = json!({"title": "p", "body": "p"});
    app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&project)).await;
    patch(&app, &token, json!({"location": "Turin"})).await;
    assert_eq!(app.get("/v1/users/ada/projects").await.header("x-total-count"), Some("1"));
}

#[tokio::test]
async fn a_picture_is_an_image_of_ones_own() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.author("ada").await, app.author("bob").await);
    let png = encoded(&picture(40, 40), ImageFormat::Png);
    let url = urls(&app.send(upload(&ada, &[("a.png", &png)])).await)[0].clone();
    let path = path(&url);
    let file = path.rsplit('/').next().unwrap();
    for image in [file, &path, &url] {
        patch(&app, &ada, json!({"avatar": null})).await;
        let changed = patch(&app, &ada, json!({"avatar": image})).await;
        assert_eq!(changed.json()["user"]["avatar_url"], path, "{}", changed.text());
    }
    for (token, image) in [(&bob, file), (&bob, &url), (&ada, "x.png"), (&ada, "https://example.com/a.png"), (&ada, "")]
    {
        let refused = patch(&app, token, json!({"avatar": image})).await.refusal(400);
        assert_eq!(refused, "Expected 'avatar' to be an image of your own", "{image}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_of_a_user_is_refused() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for (body, sentence) in [
        (json!({"x": 1}), "Expected one of 'location', 'avatar', 'bio' and 'links'"),
        (
            json!({"location": "x".repeat(51)}),
            "Expected 'location' to have at most 50 characters, without control characters",
        ),
        (json!({"bio": "x".repeat(5_001)}), "Expected 'bio' to have at most 5000 characters"),
        (json!({"bio": 1}), "Expected 'bio' to be a string"),
        (json!({"links": ["javascript:x"]}), "Expected 'links' to be at most 10 addresses of http or https"),
        (json!({"links": "https://a"}), "Expected 'links' to be an array of strings"),
    ] {
        assert_eq!(patch(&app, &token, body).await.refusal(400), sentence);
    }
    for name in ["nobody", "%20", &"x".repeat(3_000)] {
        assert_eq!(app.get(&format!("/v1/users/{name}")).await.refusal(404), "User not found");
    }
    assert_eq!(app.get("/v1/users/me").await.refusal(403), "No authorization header provided");
}
