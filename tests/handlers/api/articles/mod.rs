//! Publishing an article and reading one.

mod desk;
mod life;
mod list;
mod previews;
mod revisions;
mod series;
mod site;
mod tags;
mod versions;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::harness::{Request, Response, TestApp};

#[tokio::test]
async fn a_published_article_is_read_back_rendered() {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    let body = json!({
        "title": "Den här texten kommer att sakna både \"ä\" och \"å\"",
        "body": "## Über *uns*\n\nText & [länk](https://example.com).\n\n```rust\nfn main() {}\n```\n",
        "meta_description": "Om oss",
        "featured_image": "/v1/users/ada/images/a.png",
    });
    let created = app.publish_article(&token, &body).await;
    insta::assert_json_snapshot!(created.json(), {".article.created_at" => "[time]", ".article.updated_at" => "[time]", ".article.published_at" => "[time]"}, @r###"
    {
      "article": {
        "id": 1,
        "created_at": "[time]",
        "updated_at": "[time]",
        "title": "Den här texten kommer att sakna både \"ä\" och \"å\"",
        "slug": "den-har-texten-kommer-att-sakna-bade-a-och-a",
        "body": "## Über *uns*\n\nText & [länk](https://example.com).\n\n```rust\nfn main() {}\n```\n",
        "html": "<h2 id=\"uber-uns\">Über <em>uns</em></h2>\n<p>Text &amp; <a href=\"https://example.com\" target=\"_blank\" rel=\"noopener\">länk</a>.</p>\n<pre><code class=\"language-rust\">fn main() {}\n</code></pre>\n",
        "meta_description": "Om oss",
        "table_of_contents": "<div class=\"toc\"><ul><li><a href=\"#uber-uns\">Über uns</a></li></ul></div>",
        "featured_image": "/v1/users/ada/images/a.png",
        "tags": [],
        "series": null,
        "url": "https://www.talel.io/articles/den-har-texten-kommer-att-sakna-bade-a-och-a",
        "status": "published",
        "published_at": "[time]",
        "excerpt": "Text & länk.",
        "word_count": 6,
        "reading_time_minutes": 1
      },
      "user": {
        "id": 1,
        "username": "Ada",
        "location": "",
        "avatar_url": "default.jpg"
      }
    }
    "###);
    let read = app.get("/v1/articles/den-har-texten-kommer-att-sakna-bade-a-och-a").await;
    assert_eq!(read.status, StatusCode::OK);
    let mut expected = created.json();
    expected["meta"] = json!({"adjacent_articles": {"next": null, "prev": null}});
    assert_eq!(read.json(), expected);
}

#[tokio::test]
async fn what_is_left_out_of_an_article_is_told_to_its_author_alone() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let article = json!({"title": "A", "body": "<div><script>x</script>text</div>", "meta_description": ""});
    let request =
        || Request::new(Method::POST, "/v1/articles").bearer(&token).json(&article).header("idempotency-key", "one");
    let published = app.send(request()).await.json();
    assert_eq!(published["warnings"], json!(["`<script>` was left out"]));
    assert_eq!(app.send(request()).await.json(), published);
    assert_eq!(app.get("/v1/articles/a").await.json().get("warnings"), None);
}

#[tokio::test]
async fn an_article_without_an_image_has_none() {
    let app = TestApp::with(&[("SITE_BASE_URL", "https://example.com/")]).await;
    let token = app.author("ada").await;
    let article = app.publish(&token, "Plain").await.json()["article"].clone();
    assert_eq!(article["featured_image"], Value::Null);
    assert_eq!(article["url"], "https://example.com/articles/plain");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let refusal = async |body: Value, status| {
        app.send(Request::new(Method::POST, "/v1/articles").bearer(&token).json(&body)).await.refusal(status)
    };
    let article = |key: &str, value: Value| {
        let mut article = json!({"title": "x", "body": "x", "meta_description": "x"});
        article[key] = value;
        article
    };
    assert_eq!(refusal(json!({}), 400).await, "Missing request body");
    assert_eq!(refusal(json!({"x": 1}), 400).await, "Expected 'title' key");
    assert_eq!(refusal(json!({"title": "x", "meta_description": "x"}), 400).await, "Expected 'body' key");
    assert_eq!(refusal(json!({"title": "x", "body": "x"}), 400).await, "Expected 'meta_description' key");
    assert_eq!(refusal(article("title", json!(" ")), 400).await, "The title must not be empty");
    let long = "The title must not be longer than 500 characters";
    assert_eq!(refusal(article("title", json!("x".repeat(501))), 400).await, long);
    assert_eq!(refusal(article("body", json!(["x"])), 400).await, "Expected 'body' to be a string");
    assert_eq!(refusal(article("body", json!("\u{0}")), 400).await, "'body' must not contain null bytes");
    let complex = "The body has too many or too deeply nested elements";
    assert_eq!(refusal(article("body", json!("<div>".repeat(10_000))), 400).await, complex);
    for invisible in ["\u{200b}", "\u{3164}"] {
        assert_eq!(refusal(article("title", json!(invisible)), 400).await, "The title must not be empty");
    }
    let formatting = "The title must not contain control or bidirectional formatting characters";
    for title in ["a\u{202e}b", "a\u{7}"] {
        assert_eq!(refusal(article("title", json!(title)), 400).await, formatting);
    }
    let long = "The meta description must not be longer than 5000 characters";
    assert_eq!(refusal(article("meta_description", json!("å".repeat(5_001))), 400).await, long);
    let long = "The address of the featured image must not be longer than 2048 characters";
    assert_eq!(refusal(article("featured_image", json!("å".repeat(2_049))), 400).await, long);
    let address = "The address of the featured image must be one of http or https, or of this site";
    assert_eq!(refusal(article("featured_image", json!("javascript:x")), 400).await, address);
    assert_eq!(refusal(article("featured_image", json!(1)), 400).await, "Expected 'featured_image' to be a string");
    let anonymous = Request::new(Method::POST, "/v1/articles").json(&article("title", json!("x")));
    assert_eq!(app.send(anonymous).await.refusal(403), "No authorization header provided");
    assert_eq!(app.get("/v1/users/ada/articles").await.json(), json!({}), "nothing was published");
}

#[tokio::test]
async fn an_article_in_any_script_is_found_as_it_is_typed() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for (title, slug) in [("한국어", "한국어"), ("दिन", "दिन"), ("दान", "दान"), ("ガラス", "ガラス"), ("Мой", "мой")]
    {
        let published = app.publish(&token, title).await.json();
        assert_eq!(published["article"]["slug"], slug);
        for typed in [slug.nfc().collect::<String>(), slug.nfd().collect()] {
            let path = format!("/v1/articles/{}", percent_encoded(&typed));
            assert_eq!(app.get(&path).await.json()["article"]["title"], title, "{typed}");
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn an_unknown_slug_is_not_found() {
    let app = TestApp::start().await;
    for slug in ["nothing", "%20", "a%2Fb", "%F0%9F%91%8D", &"x".repeat(3_000)] {
        assert_eq!(app.get(&format!("/v1/articles/{slug}")).await.refusal(404), "Article not found", "{slug}");
    }
}

#[tokio::test]
async fn articles_are_neighbours_over_all_authors() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.author("ada").await, app.author("bob").await);
    for (token, title) in [(&ada, "One"), (&bob, "Two"), (&ada, "Three")] {
        app.publish(token, title).await;
    }
    let adjacent =
        async |slug: &str| app.get(&format!("/v1/articles/{slug}")).await.json()["meta"]["adjacent_articles"].clone();
    let link = |title: &str, slug: &str| json!({"title": title, "slug": slug});
    assert_eq!(adjacent("one").await, json!({"next": link("Two", "two"), "prev": null}));
    assert_eq!(adjacent("two").await, json!({"next": link("Three", "three"), "prev": link("One", "one")}));
    assert_eq!(adjacent("three").await, json!({"next": null, "prev": link("Two", "two")}));
}

#[tokio::test]
async fn a_slug_that_is_taken_is_numbered() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let slug = async |title: &str| app.publish(&token, title).await.json()["article"]["slug"].clone();
    assert_eq!(slug("x").await, "x");
    assert_eq!(slug("X!").await, "x-2");
    // Taken by an article of another title before its number comes up.
    assert_eq!(slug("x 3").await, "x-3");
    assert_eq!(slug("x 4").await, "x-4");
    assert_eq!(slug("x").await, "x-5");
    assert_eq!(slug("x").await, "x-6");
    assert_eq!(slug("x 2").await, "x-2-2");
    assert_eq!(slug("!").await, "untitled");
    assert_eq!(slug("?").await, "untitled-2");
}

#[tokio::test]
async fn many_who_publish_one_title_at_once_leave_no_gap_and_no_double() {
    let app = TestApp::start().await;
    let tokens = [app.author("ada").await, app.author("bob").await];
    let published = join_all((0..64).map(|number| app.publish(&tokens[number % 2], "x"))).await;
    assert_chained(&app, &published).await;
    for author in ["ada", "bob"] {
        let list = app.get(&format!("/v1/users/{author}/articles?limit=100")).await;
        assert_eq!(list.header("x-total-count"), Some("32"));
        assert_eq!(list.json()["articles"].as_array().unwrap().len(), 32);
    }
}

#[tokio::test]
async fn many_who_publish_through_several_servers_leave_no_gap_either() {
    let Some([one, other]) = TestApp::two_on_one_table(&[("SECRET_KEY", "a secret that two servers share, 32+")])
    else {
        println!("only several servers on one table can compete: see `make test-aws`");
        return;
    };
    let token = one.author("ada").await;
    let published =
        join_all((0..64).map(|number| if number % 2 == 0 { &one } else { &other }).map(|app| app.publish(&token, "x")));
    assert_chained(&other, &published.await).await;
}

/// Asserts that 64 articles of the title `x` have the slugs `x`, `x-2` to `x-64`,
/// and that `next` leads from the oldest over all of them, and `prev` back.
async fn assert_chained(app: &TestApp, published: &[Response]) {
    let slugs: BTreeSet<String> =
        published.iter().map(|response| response.json()["article"]["slug"].as_str().unwrap().to_owned()).collect();
    let expected = (1..=64).map(|number| if number == 1 { "x".to_owned() } else { format!("x-{number}") });
    assert_eq!(slugs, expected.collect());
    let oldest = published.iter().find(|response| response.json()["article"]["id"] == 1).unwrap();
    let mut slug = oldest.json()["article"]["slug"].as_str().unwrap().to_owned();
    let mut before = Value::Null;
    for id in 1..=64 {
        let article = app.get(&format!("/v1/articles/{slug}")).await.json();
        assert_eq!(article["article"]["id"], id);
        assert_eq!(article["meta"]["adjacent_articles"]["prev"]["slug"], before);
        before = json!(slug);
        let next = &article["meta"]["adjacent_articles"]["next"]["slug"];
        assert_eq!(next.is_null(), id == 64);
        next.as_str().unwrap_or_default().clone_into(&mut slug);
    }
}

/// Text that hardly compresses, in letters and digits: what looks like tags by
/// chance may be refused for their number.
fn noise(bytes: usize) -> String {
    use rand::distr::{Alphanumeric, SampleString};
    Alphanumeric.sample_string(&mut rand::rng(), bytes)
}

#[tokio::test]
async fn a_long_article_is_stored_and_a_huge_one_refused() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for (bytes, slug) in [(300 << 10, "long"), (900 << 10, "longer")] {
        let text = noise(bytes);
        app.publish_article(&token, &json!({"title": slug, "body": text, "meta_description": "x"})).await;
        assert_eq!(app.get(&format!("/v1/articles/{slug}")).await.json()["article"]["body"], json!(text));
    }
    let list = app.get("/v1/users/ada/articles").await.json();
    assert_eq!(list["articles"].as_array().unwrap().len(), 2);
    let huge = json!({"title": "huge", "body": noise(5 << 20), "meta_description": "x"});
    let response = app.send(Request::new(Method::POST, "/v1/articles").bearer(&token).json(&huge)).await;
    assert_eq!(response.refusal(413), "Request body too large");
}
