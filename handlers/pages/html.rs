//! A page as a response.

use axum::body::Body;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

/// A page that brings its style along, and loads and runs nothing.
pub(super) fn html(page: impl Into<Body>) -> Response {
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page.into())).into_response()
}
