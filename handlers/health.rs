//! Whether the server answers.

use axum::response::{Html, IntoResponse};

/// `GET /v1/health`
pub(crate) async fn health() -> impl IntoResponse {
    Html("👍")
}
