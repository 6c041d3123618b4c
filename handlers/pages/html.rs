//! A page as a response.

use axum::body::Body;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};

/// A page that brings its style along, and loads and runs nothing.
pub(super) fn html(page: impl Into<Body>) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "no-referrer"),
        // For browsers that do not know `frame-ancestors`.
        (X_FRAME_OPTIONS, "DENY"),
    ];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), Html(page.into())).into_response()
}
