//! Which sites' scripts may call the API.

use http::Method;

use crate::harness::{Request, TestApp};

const SITE: &str = "http://127.0.0.1:3000";

#[tokio::test]
async fn preflights_are_answered_for_every_route() {
    let app = TestApp::start().await;
    for path in ["/v1/articles", "/v1/accounts/login", "/v1/users/ada/articles"] {
        let preflight = Request::new(Method::OPTIONS, path)
            .header("origin", SITE)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let response = app.send(preflight).await;
        assert_eq!(response.status.as_u16(), 200, "{path}");
        assert_eq!(response.header("access-control-allow-origin"), Some(SITE));
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(
            response.header("access-control-allow-headers"),
            Some("authorization,content-type,idempotency-key,if-match,if-none-match")
        );
        assert!(response.header("access-control-allow-methods").unwrap().contains("POST"));
    }
}

#[tokio::test]
async fn options_say_what_may_be_asked() {
    let app = TestApp::start().await;
    let options = async |path: &str| app.send(Request::new(Method::OPTIONS, path)).await;
    let response = options("/v1/articles/some").await;
    assert_eq!((response.status.as_u16(), response.header("allow")), (200, Some("GET,HEAD,PATCH,DELETE")));
    assert_eq!(options("/v1/articles").await.header("allow"), Some("GET,HEAD,POST"));
    assert_eq!(options("/v1/nowhere").await.refusal(404), "Route not found");
}

#[tokio::test]
async fn answers_are_readable_by_the_site_alone() {
    let app = TestApp::start().await;
    let from = async |origin: &str| app.send(Request::new(Method::GET, "/v1/nowhere").header("origin", origin)).await;
    let response = from(SITE).await;
    assert_eq!(response.header("access-control-allow-origin"), Some(SITE));
    assert_eq!(
        response.header("access-control-expose-headers"),
        Some("etag,link,retry-after,x-total-count,x-unreadable-items,x-request-id")
    );
    for other in ["http://127.0.0.1:3001", "https://evil.example", "null"] {
        assert_eq!(from(other).await.header("access-control-allow-origin"), None, "{other}");
    }
}

#[tokio::test]
async fn the_operator_names_the_sites() {
    let app = TestApp::with(&[("CORS_ORIGINS", "https://a.example, https://b.example")]).await;
    let request = Request::new(Method::GET, "/v1/health").header("origin", "https://b.example");
    assert_eq!(app.send(request).await.header("access-control-allow-origin"), Some("https://b.example"));
}
