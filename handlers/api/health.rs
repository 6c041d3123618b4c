//! `/v1/health`: whether the server answers.

use axum::response::{Html, IntoResponse};

/// Look whether the server answers
#[utoipa::path(
    get,
    path = "/v1/health",
    tag = "operation",
    responses((status = 200, description = "It does.", body = str, content_type = "text/html", example = json!("👍")))
)]
pub(crate) async fn health() -> impl IntoResponse {
    Html("👍")
}
