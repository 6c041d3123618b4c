//! What every access pattern costs, as DynamoDB reports it: the numbers in
//! `docs/data-model.md`.

use http::Method;
use image::ImageFormat;
use serde_json::json;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, urls};
use crate::harness::{Request, Response, TestApp};

/// What an answer cost: requests, read units, write units.
fn cost(response: &Response) -> String {
    let header = response.header("x-consumed-capacity").expect("told in development");
    header.split(", ").map(|part| part.split_once('=').unwrap().1).collect::<Vec<_>>().join(" / ")
}

/// A Markdown text of 13.5 KB, as the site's articles are, in words that compress
/// about as well as a language does. The same at every run.
fn ordinary_body() -> String {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let syllables = ["an", "be", "ci", "de", "en", "fo", "ga", "hu", "is", "jo", "ka", "le", "mi", "no", "or", "pre"];
    let word = |random: &mut dyn FnMut(usize) -> usize| -> String {
        (0..=1 + random(3)).map(|_| syllables[random(syllables.len())]).collect()
    };
    let vocabulary: Vec<String> = (0..1_500).map(|_| word(&mut random)).collect();
    let mut text = String::new();
    while text.len() < 13_500 {
        // A few words are common and many are rare, as in a language.
        let rank = random(vocabulary.len()) * random(vocabulary.len()) / vocabulary.len();
        text += &vocabulary[rank];
        text += match random(120) {
            0 => ".\n\n## ",
            1..6 => ".\n\n",
            6..14 => ", ",
            _ => " ",
        };
    }
    text
}

#[tokio::test]
async fn each_access_pattern_costs_what_the_document_says() {
    let app = TestApp::start().await;
    let document = include_str!("../../docs/data-model.md");
    let mut measured = Vec::new();
    let mut row = |name: &str, response: &Response| measured.push((name.to_owned(), cost(response)));
    // The first one asks whether it is.
    app.register("bob").await;
    row("Register", &app.register("ada").await);
    let login = app.log_in("ada").await;
    row("Log in", &login);
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    let cookie = login.cookies()[0].split(';').next().unwrap().to_owned();
    row("Renew", &app.send(Request::new(Method::POST, "/v1/accounts/token").header("cookie", cookie)).await);
    row("Verify", &app.get(&format!("/v1/accounts/verify/{}", app.verification_token().await)).await);
    let article = json!({"title": "Ordinary", "body": ordinary_body(), "meta_description": "An ordinary article"});
    for _ in 0..10 {
        app.publish_article(&token, &article).await;
    }
    row("Publish", &app.publish_article(&token, &article).await);
    let author = |method, path: &str| Request::new(method, path).bearer(&token);
    row("Read", &app.get("/v1/articles/ordinary-5").await);
    row("Read, as its author", &app.send(author(Method::GET, "/v1/articles/ordinary-5")).await);
    let title = json!({"title": "Extraordinary"});
    row("Change a title", &app.send(author(Method::PATCH, "/v1/articles/ordinary-5").json(&title)).await);
    let text = json!({"body": ordinary_body() + "\n\nAnd more."});
    row("Change a text", &app.send(author(Method::PATCH, "/v1/articles/ordinary-5").json(&text)).await);
    let revisions = "/v1/articles/ordinary-5/revisions";
    let kept = json!({"body": ordinary_body(), "keep": true});
    row("Begin another revision", &app.send(author(Method::PATCH, "/v1/articles/ordinary-5").json(&kept)).await);
    row("List revisions", &app.send(author(Method::GET, revisions)).await);
    row("Read a revision", &app.send(author(Method::GET, &format!("{revisions}/1"))).await);
    row("Compare revisions", &app.send(author(Method::GET, &format!("{revisions}/1..2"))).await);
    let past = json!({"published_at": "2001-01-01T00:00:00Z"});
    row("Move in time", &app.send(author(Method::PATCH, "/v1/articles/ordinary-5").json(&past)).await);
    let slug = json!({"slug": "another"});
    row("Change a slug", &app.send(author(Method::PATCH, "/v1/articles/ordinary-5").json(&slug)).await);
    row("Read by an old slug", &app.get("/v1/articles/ordinary-5").await);
    row("Unpublish", &app.send(author(Method::POST, "/v1/articles/another/unpublish")).await);
    row("Publish a draft", &app.send(author(Method::POST, "/v1/articles/another/publish")).await);
    row("Delete", &app.send(author(Method::DELETE, "/v1/articles/ordinary-7")).await);
    row("Restore", &app.send(author(Method::POST, "/v1/articles/ordinary-7/restore")).await);
    let draft = json!({"title": "Ordinary", "body": ordinary_body(), "status": "draft"});
    let tags = json!({"tags": ["One", "Two", "Three"]});
    row("Change tags", &app.send(author(Method::PATCH, "/v1/articles/ordinary-7").json(&tags)).await);
    row("List tags", &app.get("/v1/tags").await);
    row("List of a tag, page of 1", &app.get("/v1/tags/one/articles").await);
    row("Make a preview link", &app.send(author(Method::POST, "/v1/articles/ordinary-7/preview-links")).await);
    row("Preview", &app.send(author(Method::GET, "/v1/articles/ordinary-7/preview")).await);
    row("Make a draft", &app.send(author(Method::POST, "/v1/articles").json(&draft)).await);
    row("List drafts", &app.send(author(Method::GET, "/v1/users/me/articles")).await);
    row("List of the site, page of 10", &app.get("/v1/articles").await);
    row("List of the site without bodies, page of 10", &app.get("/v1/articles?fields=title,slug,excerpt").await);
    row("List of the site with authors, page of 10", &app.get("/v1/articles?include=author").await);
    let year = time::OffsetDateTime::now_utc().year();
    row("List of a year, page of 10", &app.get(&format!("/v1/articles?year={year}")).await);
    row("Read, unknown slug", &app.get("/v1/articles/unknown").await);
    row("List, page of 10", &app.get("/v1/users/ada/articles").await);
    row("List, unknown user", &app.get("/v1/users/nobody/articles").await);
    let project = json!({"title": "Small", "body": "A project"});
    row("Make a project", &app.send(Request::new(Method::POST, "/v1/projects").bearer(&token).json(&project)).await);
    row("Read a project", &app.get("/v1/projects/1").await);
    let title = json!({"title": "Smaller"});
    row("Change a project", &app.send(author(Method::PATCH, "/v1/projects/1").json(&title)).await);
    let first = json!({"projects": [1]});
    row("Order projects", &app.send(author(Method::PUT, "/v1/projects/order").json(&first)).await);
    row("List projects", &app.get("/v1/users/ada/projects").await);
    let png = encoded(&picture(400, 30), ImageFormat::Png);
    let uploaded = app.send(upload(&token, &[("a.png", &png)])).await;
    row("Upload an image", &uploaded);
    row("Read a user", &app.get("/v1/users/ada").await);
    let profile = json!({"location": "London", "bio": "I write *programs*."});
    row("Change a user", &app.send(author(Method::PATCH, "/v1/users/me").json(&profile)).await);
    let image = path(&urls(&uploaded)[0]);
    row("Show an image", &app.get(&image).await);
    let rendition = format!("{image}?width=320");
    row("Make a rendition of an image", &app.get(&rendition).await);
    row("Show a rendition of an image", &app.get(&rendition).await);
    row("Show an image, unknown", &app.get("/v1/users/ada/images/x.png").await);
    row("List images", &app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&token)).await);
    row("Remove an image", &app.send(Request::new(Method::DELETE, &image).bearer(&token)).await);
    row("Log out", &app.send(Request::new(Method::POST, "/v1/accounts/logout").bearer(&token)).await);
    let column = if std::env::var("TALELIO_TEST").is_ok_and(|target| target.starts_with("dynamodb")) { 4 } else { 3 };
    for (name, cost) in &measured {
        println!("| {name} | {cost} |");
    }
    for (name, cost) in measured {
        let row = document.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let columns: Vec<&str> = row.unwrap_or_default().split('|').map(str::trim).collect();
        assert_eq!(columns.get(column), Some(&cost.as_str()), "docs/data-model.md on {name:?}");
    }
}
