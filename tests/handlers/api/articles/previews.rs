//! What readers will see, for who may see it before them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::harness::{Request, Response};

impl Desk {
    async fn preview(&self, slug: &str) -> Response {
        self.app.send(self.request(Method::GET, &format!("/v1/articles/{slug}/preview"))).await
    }

    async fn link(&self, slug: &str, body: Option<Value>) -> Response {
        let request = self.request(Method::POST, &format!("/v1/articles/{slug}/preview-links"));
        self.app.send(if let Some(body) = body { request.json(&body) } else { request }).await
    }

    /// The token of a new link.
    async fn token_of(&self, slug: &str) -> String {
        let link = self.link(slug, None).await;
        assert_eq!(link.status, StatusCode::CREATED, "{}", link.text());
        link.json()["url"].as_str().unwrap().split_once("?preview=").unwrap().1.to_owned()
    }

    async fn links(&self, slug: &str) -> Vec<Value> {
        let list = self.app.send(self.request(Method::GET, &format!("/v1/articles/{slug}/preview-links"))).await;
        list.json()["preview_links"].as_array().unwrap().clone()
    }
}

fn assert_uncached(response: &Response) {
    assert_eq!(response.header("cache-control"), Some("private, no-store"));
    assert_eq!(response.header("x-robots-tag"), Some("noindex"));
    assert_eq!(response.header("etag"), None);
}

#[tokio::test]
async fn an_author_sees_what_readers_will_see() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    desk.create(json!({"status": "draft", "title": "b", "body": "*b*"})).await;
    let preview = desk.preview("b").await;
    assert_uncached(&preview);
    let preview = preview.json();
    assert_eq!(
        (&preview["article"]["html"], &preview["user"]["username"]),
        (&json!("<p><em>b</em></p>\n"), &json!("ada"))
    );
    let link = |slug: &str| json!({"title": slug, "slug": slug});
    assert_eq!(preview["meta"]["adjacent_articles"], json!({"next": null, "prev": link("a")}));
    for (slug, time) in [("c", "2098-01-01T00:00:00Z"), ("d", "2099-01-01T00:00:00Z")] {
        desk.create(json!({"title": slug, "body": slug, "meta_description": "", "publish_at": time})).await;
    }
    let between = desk.preview("c").await.json()["meta"]["adjacent_articles"].clone();
    assert_eq!(between, json!({"next": null, "prev": link("a")}));
    // What is still to come is nobody's to know, as it may be another author's.
    let last = desk.preview("d").await.json()["meta"]["adjacent_articles"].clone();
    assert_eq!(last, json!({"next": null, "prev": link("a")}));
    assert_eq!(desk.preview("a").await.json()["meta"], desk.app.get("/v1/articles/a").await.json()["meta"]);
    let bob = desk.app.author("bob").await;
    let by_bob = |path: &str| desk.app.send(Request::new(Method::GET, path).bearer(&bob));
    assert_eq!(by_bob("/v1/articles/b/preview").await.refusal(404), "Article not found");
    assert_eq!(by_bob("/v1/articles/a/preview").await.refusal(403), "Not your article");
    assert_eq!(desk.app.get("/v1/articles/b/preview").await.refusal(403), "No authorization header provided");
}

#[tokio::test]
async fn a_link_shows_a_draft_to_whoever_has_it_until_it_is_revoked() {
    let desk = Desk::start().await;
    desk.create(json!({"status": "draft", "title": "b", "body": "first"})).await;
    let token = desk.token_of("b").await;
    let read = async |slug: &str, token: &str| desk.app.get(&format!("/v1/articles/{slug}?preview={token}")).await;
    let shown = read("b", &token).await;
    assert_uncached(&shown);
    assert_eq!(shown.json()["article"]["body"], "first");
    // Whatever it is called by then.
    desk.patched("b", json!({"title": "another", "body": "second"})).await;
    assert_eq!(read("b", &token).await.json()["article"]["body"], "second");
    assert_eq!(read("another", &token).await.json()["article"]["slug"], "another");
    for other in ["", "x", &token.replace('-', ""), &format!("{token}0"), &format!("2{}", &token[1..])] {
        assert_eq!(read("another", other).await.refusal(404), "Article not found", "{other}");
    }
    desk.verb("another", "publish").await;
    assert_uncached(&read("another", &token).await);
    let public = read("another", "x").await;
    assert_eq!((public.status, public.header("x-robots-tag")), (StatusCode::OK, None));
    desk.verb("another", "delete").await;
    assert_eq!(read("another", &token).await.refusal(404), "Article not found");
    desk.verb("another", "restore").await;
    desk.verb("another", "unpublish").await;
    let links = desk.links("another").await;
    assert_eq!(links.len(), 1);
    assert!(!links[0].to_string().contains(token.split_once('-').unwrap().1));
    let revoke =
        |id: &str| desk.app.send(desk.request(Method::DELETE, &format!("/v1/articles/another/preview-links/{id}")));
    assert_eq!(revoke(links[0]["id"].as_str().unwrap()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(read("another", &token).await.refusal(404), "Article not found");
    for id in [links[0]["id"].as_str().unwrap(), "x", &"x".repeat(1_100)] {
        assert_eq!(revoke(id).await.refusal(404), "Preview link not found", "{id}");
    }
    assert_eq!(desk.links("another").await, [json!(null); 0]);
}

#[tokio::test]
async fn a_link_has_an_end_and_there_are_not_too_many() {
    let desk = Desk::start().await;
    desk.publish("a").await;
    for (body, sentence) in [
        (json!({"days": 0}), "Expected 'days' to be a whole number from 1 to 365"),
        (json!({"days": 366}), "Expected 'days' to be a whole number from 1 to 365"),
        (json!({"days": 1e30}), "Expected 'days' to be a whole number"),
        (json!({"days": 1.5}), "Expected 'days' to be a whole number"),
        (json!({"days": -1}), "Expected 'days' to be a whole number"),
        (json!({"days": "7"}), "Expected 'days' to be a whole number"),
    ] {
        assert_eq!(desk.link("a", Some(body)).await.refusal(400), sentence);
    }
    let bob = desk.app.author("bob").await;
    let by_bob = Request::new(Method::POST, "/v1/articles/a/preview-links").bearer(&bob);
    assert_eq!(desk.app.send(by_bob).await.refusal(403), "Not your article");
    for body in [Some(json!({"days": 365.0})), Some(json!({})), None] {
        assert_eq!(desk.link("a", body).await.status, StatusCode::CREATED);
    }
    let named = || desk.request(Method::POST, "/v1/articles/a/preview-links").header("idempotency-key", "one");
    let first = desk.app.send(named()).await.json();
    assert_eq!((desk.app.send(named()).await.json(), desk.links("a").await.len()), (first, 4));
    let other = named().json(&json!({"days": 1}));
    assert_eq!(desk.app.send(other).await.refusal(422), "The Idempotency-Key was used for another request");
    for _ in 4..20 {
        desk.token_of("a").await;
    }
    assert_eq!(desk.link("a", None).await.refusal(409), "An article has at most 20 preview links, revoke one");
    assert_eq!(desk.links("a").await.len(), 20);
    desk.verb("a", "delete").await;
    assert_eq!(desk.link("a", None).await.refusal(409), "The article is deleted, restore it first");
}

#[tokio::test]
async fn markdown_is_rendered_as_in_an_article() {
    let desk = Desk::start().await;
    let body = "## *Why*\n\n<script>x</script>";
    let render = |body: Value| desk.app.send(desk.request(Method::POST, "/v1/render").json(&body));
    let rendered = render(json!({"body": body})).await.json();
    let article = json!({"title": "a", "body": body, "meta_description": ""});
    let published = desk.create(article).await.json();
    for key in ["html", "table_of_contents"] {
        assert_eq!(rendered[key], published["article"][key], "{key}");
    }
    assert_eq!(
        (&rendered["warnings"], &published["warnings"]),
        (&json!(["`<script>` was left out"]), &rendered["warnings"])
    );
    let empty = render(json!({"body": ""})).await.json();
    assert_eq!((&empty["html"], &empty["warnings"]), (&json!(""), &json!([])));
    assert_eq!(render(json!({"x": 1})).await.refusal(400), "Expected 'body' key");
    let complex = render(json!({"body": "<div>".repeat(10_000)})).await.refusal(400);
    assert_eq!(complex, "The body has too many or too deeply nested elements");
    let anonymous = Request::new(Method::POST, "/v1/render").json(&json!({"body": "x"}));
    assert_eq!(desk.app.send(anonymous).await.refusal(403), "No authorization header provided");
}
