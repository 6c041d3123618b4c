//! `/v1/health`: whether the server answers.

use axum::response::{Html, IntoResponse};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health))
}

/// Look whether the server answers
#[utoipa::path(
    get,
    path = "/v1/health",
    tag = "operation",
    responses((status = 200, description = "It does.", body = str, content_type = "text/html", example = json!("👍")))
)]
async fn health() -> impl IntoResponse {
    Html("👍")
}
