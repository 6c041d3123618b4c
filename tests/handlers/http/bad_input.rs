//! Whatever comes in, what goes out is a refusal in the envelope.

use http::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Request, TestApp};

const JSON_ROUTES: [&str; 4] = ["/v1/accounts/register", "/v1/accounts/login", "/v1/articles", "/v1/projects"];

fn post(path: &str) -> Request {
    Request::new(Method::POST, path)
}

#[tokio::test]
async fn a_body_must_be_a_json_object() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    for path in JSON_ROUTES {
        let send = async |body: &[u8]| app.send(post(path).bearer(&token).body("application/json", body)).await;
        for empty in ["", "{}", " {} ", "null"] {
            assert_eq!(send(empty.as_bytes()).await.refusal(400), "Missing request body", "{empty}");
        }
        for other in ["[]", "[1]", "1", "\"x\"", "true", "1.5"] {
            assert_eq!(send(other.as_bytes()).await.refusal(400), "Expected a JSON object", "{other}");
        }
        let deep = format!("{}{}", "[".repeat(8_000), "]".repeat(8_000));
        let malformed = "Malformed JSON in request body";
        for bad in ["{", "{\"a\"", "nope", "{'a': 1}", "{\"a\": 1e999}", "{\"email\": \"\\ud800\"}", "\0", &deep] {
            assert_eq!(send(bad.as_bytes()).await.refusal(400), malformed, "{}", &bad[..bad.len().min(30)]);
        }
        for bad in [&b"{\"email\": \"\xff\"}"[..], b"\xff\xfe", b"\xef\xbb"] {
            assert_eq!(send(bad).await.refusal(400), malformed, "{bad:?}");
        }
    }
    assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let app = TestApp::start().await;
    let body = json!({"email": "ada@example.com", "password": "a good password"}).to_string();
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "a/b/c"]
    {
        let response = app.send(post("/v1/accounts/login").body(media_type, body.clone())).await;
        assert_eq!(response.refusal(415), "Expected a body of type application/json", "{media_type}");
    }
    for media_type in ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/ld+json"]
    {
        let response = app.send(post("/v1/accounts/login").body(media_type, body.clone())).await;
        assert_eq!(response.refusal(401), "Invalid username or password", "{media_type}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_refused() {
    let app = TestApp::start().await;
    for path in [
        "/v1",
        "/v1/",
        "/v2/health",
        "/v1/health/",
        "/v1/articles/a/b",
        "/v1//health",
        "/%ff",
        "/v1/users/a/articles/x",
    ] {
        assert_eq!(app.get(path).await.refusal(404), "Route not found", "{path}");
    }
    for (method, path, allowed) in [
        (Method::POST, "/v1/health", "GET,HEAD"),
        (Method::DELETE, "/v1/articles", "GET,HEAD,POST"),
        (Method::GET, "/v1/accounts/login", "POST"),
        (Method::PUT, "/v1/articles/x", "GET,HEAD,PATCH,DELETE"),
    ] {
        let response = app.send(Request::new(method, path)).await;
        assert_eq!(response.header("allow"), Some(allowed), "{path}");
        assert_eq!(response.refusal(405), "Method not allowed");
    }
}

#[tokio::test]
async fn a_body_larger_than_a_mebibyte_is_refused_and_read_off() {
    let app = TestApp::start().await;
    // The emulator has a limit of its own above this.
    for path in ["/v1/accounts/login", "/v1/health", "/nowhere"] {
        let response = app.send(post(path).body("application/json", vec![b' '; 3 << 20])).await;
        assert_eq!(response.refusal(413), "Request body too large", "{path}");
    }
    assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_path_must_be_text() {
    let app = TestApp::start().await;
    for path in ["/v1/articles/%ff", "/v1/users/%ff/articles", "/v1/accounts/verify/%c3"] {
        assert_eq!(app.get(path).await.refusal(400), "Invalid path", "{path}");
    }
}

/// Straight to the server: NGINX lets no such path through.
#[tokio::test]
async fn a_null_byte_in_a_path_is_a_character_that_no_name_has() {
    let app = TestApp::http(&[]);
    assert_eq!(app.get("/v1/articles/%00").await.refusal(404), "Article not found");
    assert_eq!(app.get("/v1/accounts/verify/%00").await.refusal(400), "Invalid verification token");
    assert_eq!(app.get("/v1/users/%00/articles").await.text(), "{}");
}
