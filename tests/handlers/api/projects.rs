//! Making projects and listing them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Request, TestApp};

fn create(token: &str, body: &Value) -> Request {
    Request::new(Method::POST, "/v1/projects").bearer(token).json(body)
}

#[tokio::test]
async fn a_project_is_made_and_listed() {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    assert_eq!(app.get("/v1/users/ada/projects").await.json(), json!([]));
    let created = app.send(create(&token, &json!({"title": "Engine", "body": "An *analytical* one."}))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    insta::assert_json_snapshot!(created.json(), {".created_at" => "[time]", ".updated_at" => "[time]"}, @r#"
    {
      "id": 1,
      "user_id": 1,
      "created_at": "[time]",
      "updated_at": "[time]",
      "title": "Engine",
      "body": "An *analytical* one.",
      "html": "<p>An <em>analytical</em> one.</p>\n"
    }
    "#);
    let second = app.send(create(&token, &json!({"title": "Notes", "body": ""}))).await;
    let list = app.get("/v1/users/ADA/projects").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.json(), json!([second.json(), created.json()]), "newest first");
}

#[tokio::test]
async fn what_is_left_out_of_a_project_is_told_to_its_author_alone() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let project = json!({"title": "P", "body": "<p onclick=\"x()\">text</p>"});
    let request = || create(&token, &project).header("idempotency-key", "one");
    let created = app.send(request()).await.json();
    assert_eq!(created["warnings"], json!(["`onclick` of `<p>` was left out"]));
    assert_eq!(app.send(request()).await.json(), created);
    assert_eq!(app.get("/v1/users/ada/projects").await.json()[0].get("warnings"), None);
}

#[tokio::test]
async fn projects_are_listed_by_pages() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.author("ada").await, app.author("bob").await);
    // Numbers are given over the site, so those of one user have gaps.
    for n in 1..=5 {
        app.send(create(&ada, &json!({"title": format!("Project {n}"), "body": ""}))).await;
        app.send(create(&bob, &json!({"title": "Another", "body": ""}))).await;
    }
    let titles = async |query: &str| {
        let page = app.get(&format!("/v1/users/ada/projects{query}")).await;
        assert_eq!(page.header("x-total-count"), Some("5"), "{query}: {}", page.text());
        let titles: Vec<String> = page
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["title"].as_str().unwrap().to_owned())
            .collect();
        (titles.join(" "), page.header("link").map(str::to_owned))
    };
    let all = "Project 5 Project 4 Project 3 Project 2 Project 1";
    assert_eq!(titles("").await, (all.to_owned(), None));
    assert_eq!(titles("?limit=500").await, (all.to_owned(), None));
    let next = "</v1/users/ada/projects?page=2&limit=2>; rel=\"next\"";
    assert_eq!(titles("?limit=2").await, ("Project 5 Project 4".to_owned(), Some(next.to_owned())));
    let prev = "</v1/users/ada/projects?page=2&limit=2>; rel=\"prev\"";
    assert_eq!(titles("?limit=2&page=3").await, ("Project 1".to_owned(), Some(prev.to_owned())));
    assert_eq!(titles("?page=2").await.0, "");
    assert_eq!(app.get("/v1/users/ada/projects?page=x").await.refusal(400), "Expected numeric query parameters");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let refusal = async |body: Value, status| app.send(create(&token, &body)).await.refusal(status);
    assert_eq!(refusal(json!({}), 400).await, "Missing request body");
    assert_eq!(refusal(json!({"body": "x"}), 400).await, "Expected 'title' key");
    assert_eq!(refusal(json!({"title": "x"}), 400).await, "Expected 'body' key");
    assert_eq!(refusal(json!({"title": "", "body": "x"}), 400).await, "The title must not be empty");
    let anonymous = Request::new(Method::POST, "/v1/projects").json(&json!({"title": "x", "body": "x"}));
    assert_eq!(app.send(anonymous).await.refusal(403), "No authorization header provided");
    assert_eq!(app.get("/v1/users/bob/projects").await.refusal(400), "User 'bob' does not exist");
    assert_eq!(app.get("/v1/users/a%20b/projects").await.refusal(400), "User 'a b' does not exist");
    assert_eq!(app.get("/v1/users/ada/projects").await.json(), json!([]), "nothing was made");
}
