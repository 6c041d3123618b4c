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
