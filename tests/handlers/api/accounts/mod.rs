//! Registering and verifying.

mod expiry;
mod tokens;

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::TestApp;

fn registration() -> Value {
    json!({"email": "Ada@Example.com", "password": "a good password", "username": "Ada"})
}

#[tokio::test]
async fn the_server_is_healthy() {
    let app = TestApp::start().await;
    let response = app.get("/v1/health").await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(response.text(), "👍");
}

#[tokio::test]
async fn registering_opens_an_account() {
    let app = TestApp::start().await;
    let response = app.post("/v1/accounts/register", &registration()).await;
    assert_eq!(response.status, StatusCode::CREATED);
    insta::assert_json_snapshot!(response.json(), {".account.created_at" => "[time]", ".account.updated_at" => "[time]"}, @r#"
    {
      "account": {
        "id": 1,
        "created_at": "[time]",
        "updated_at": "[time]",
        "verified": false,
        "email": "Ada@Example.com"
      },
      "user": {
        "id": 1,
        "username": "Ada",
        "location": "",
        "avatar_url": "default.jpg"
      }
    }
    "#);
    let second = app.register("bob").await.json();
    assert_eq!((&second["account"]["id"], &second["user"]["id"]), (&json!(2), &json!(2)));
    assert_eq!(second["account"]["created_at"].as_str().unwrap().len(), "2024-01-01T00:00:00.000Z".len());
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let app = TestApp::start().await;
    let refusal = async |body: Value| app.post("/v1/accounts/register", &body).await.refusal(400);
    assert_eq!(refusal(json!({})).await, "Missing request body");
    assert_eq!(refusal(json!({"other": 1})).await, "Expected 'email' key");
    assert_eq!(refusal(json!({"email": "a@b.se", "username": "a"})).await, "Expected 'password' key");
    assert_eq!(refusal(json!({"email": "a@b.se", "password": "a good one"})).await, "Expected 'username' key");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let refusal = async |key: &str, value: Value| {
        let mut body = registration();
        body[key] = value;
        app.post("/v1/accounts/register", &body).await.refusal(400)
    };
    for name in ["me", "Admin", "support", "ada."] {
        assert_eq!(refusal("username", json!(name)).await, format!("The username '{name}' is reserved"));
    }
    assert_eq!(refusal("email", json!("nobody")).await, "Invalid email address");
    assert_eq!(refusal("email", json!(1)).await, "Expected 'email' to be a string");
    assert_eq!(refusal("email", json!(null)).await, "Expected 'email' to be a string");
    assert_eq!(
        refusal("password", json!("seven77")).await,
        "The password must have 8 characters or more, and 1024 bytes or fewer"
    );
    assert_eq!(
        refusal("password", json!("x".repeat(1_025))).await,
        "The password must have 8 characters or more, and 1024 bytes or fewer"
    );
    assert_eq!(refusal("password", json!("a\u{0}aaaaaaaa")).await, "'password' must not contain null bytes");
    let username = "Invalid username, expected 1 to 20 letters, digits, '_', '-' or '.'";
    assert_eq!(refusal("username", json!("x".repeat(21))).await, username);
    assert_eq!(refusal("username", json!("a b")).await, username);
    assert_eq!(refusal("username", json!("")).await, username);
}

#[tokio::test]
async fn an_address_and_a_name_register_once_whatever_their_case() {
    let app = TestApp::start().await;
    app.post("/v1/accounts/register", &registration()).await;
    let refusal = async |email: &str, username: &str| {
        let body = json!({"email": email, "password": "a good password", "username": username});
        app.post("/v1/accounts/register", &body).await.refusal(400)
    };
    assert_eq!(refusal("ada@example.COM", "bob").await, "Account with the email 'ada@example.COM' already exists");
    assert_eq!(refusal("bob@example.com", "aDA").await, "Account with the username 'aDA' already exists");
    assert_eq!(refusal("ada@example.com", "ada").await, "Account with the email 'ada@example.com' already exists");
    // The one that was refused left nothing behind.
    app.register("bob").await;
}

#[tokio::test]
async fn of_many_who_register_one_name_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let register = async |number: usize| {
        let body = json!({"email": format!("{number}@example.com"), "password": "a good password", "username": "ada"});
        app.post("/v1/accounts/register", &body).await.status
    };
    let mut succeeded = 0;
    let all = (0..8).map(register);
    for status in futures_util::future::join_all(all).await {
        match status {
            StatusCode::CREATED => succeeded += 1,
            status => assert_eq!(status, StatusCode::BAD_REQUEST),
        }
    }
    assert_eq!(succeeded, 1);
}

#[tokio::test]
async fn a_whitelist_admits_those_on_it() {
    let app = TestApp::with(&[("WHITELISTED_EMAILS", "ADA@example.com, b@c.se")]).await;
    let body = json!({"email": "eve@example.com", "password": "a good password", "username": "eve"});
    assert_eq!(app.post("/v1/accounts/register", &body).await.refusal(400), "Email not whitelisted");
    app.register("ada").await;
    let empty = TestApp::with(&[("WHITELISTED_EMAILS", "")]).await;
    assert_eq!(empty.post("/v1/accounts/register", &registration()).await.refusal(400), "Email not whitelisted");
}

#[tokio::test]
async fn a_mailed_link_verifies_an_address_once() {
    let app = TestApp::start().await;
    let registered = app.post("/v1/accounts/register", &registration()).await.json();
    let path = format!("/v1/accounts/verify/{}", app.verification_token().await);
    let response = app.get(&path).await;
    assert_eq!(response.status, StatusCode::OK);
    let mut expected = registered.clone();
    expected["account"]["verified"] = json!(true);
    expected["account"]["updated_at"] = response.json()["account"]["updated_at"].clone();
    assert_eq!(response.json(), expected);
    assert_eq!(app.get(&path).await.refusal(400), "Account already verified");
}

#[tokio::test]
async fn other_tokens_verify_nothing() {
    let secret = [("SECRET_KEY", "one secret for two servers, 32 bytes")];
    let (app, other) = (TestApp::with(&secret).await, TestApp::with(&secret).await);
    other.post("/v1/accounts/register", &registration()).await;
    let path = format!("/v1/accounts/verify/{}", other.verification_token().await);
    assert_eq!(app.get(&path).await.refusal(400), "No registered account with the email 'Ada@Example.com'");
    let access = other.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
    for token in ["x", "a.b.c", access.as_str(), "%ff"] {
        let message = app.get(&format!("/v1/accounts/verify/{token}")).await.refusal(400);
        assert!(message == "Invalid verification token" || (token == "%ff" && message == "Invalid path"), "{message}");
    }
}
