//! What people look at in a browser. The reference at `/docs` is tested in `openapi.rs`.

use http::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Request, TestApp};

/// What browsers send.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn home_is_a_page_for_browsers_and_json_for_everybody_else() {
    let app = TestApp::with(&[("API_BASE_URL", "https://api.example.com")]).await;
    let links = json!({
        "documentation": "https://api.example.com/docs",
        "openapi": "https://api.example.com/v1/openapi.json",
        "health": "https://api.example.com/v1/health",
    });
    let version = env!("CARGO_PKG_VERSION");
    for accept in [None, Some("*/*"), Some("application/json"), Some("text/html;q=0, */*")] {
        let request = Request::new(Method::GET, "/");
        let request = match accept {
            Some(accept) => request.header("accept", accept),
            None => request,
        };
        let response = app.send(request).await;
        assert_eq!(response.json(), json!({"name": "talel.io", "version": version, "links": links}), "{accept:?}");
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert!(response.headers.get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("accept")));
    }
    let page = app.send(Request::new(Method::GET, "/").header("accept", BROWSER)).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    let page = page.text();
    assert!(page.contains(version) && !page.contains("<script") && !page.contains("{style}"), "{page}");
    for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert_eq!(app.get(&format!("/{link}")).await.status, StatusCode::OK, "{link}");
    }
    assert_eq!(page.matches("href=").count(), 3);
}

#[tokio::test]
async fn home_is_only_read() {
    let app = TestApp::start().await;
    let head = app.send(Request::new(Method::HEAD, "/")).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(app.post("/", &json!({"a": 1})).await.refusal(405), "Method not allowed");
}
