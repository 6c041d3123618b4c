//! `/v1/health` and `/v1/ready`: whether the server answers, and whether it has what it needs.

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready))
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

/// What the server needs, and that it is there.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
struct ReadyBody {
    /// `ready`
    #[schema(example = "ready")]
    status: &'static str,
}

/// Look whether the server has what it needs
///
/// Its table and its bucket are asked, once a second at most.
#[utoipa::path(
    get,
    path = "/v1/ready",
    tag = "operation",
    responses(
        (status = 200, description = "It has.", body = ReadyBody),
        (status = 503, description = "`Unavailable: table`, `Unavailable: bucket`", body = Envelope),
    )
)]
async fn ready(State(app): State<App>) -> Result<Json<ReadyBody>, ApiError> {
    match &app.readiness.unavailable().await[..] {
        [] => Ok(Json(ReadyBody { status: "ready" })),
        stores => Err(ApiError::Unavailable(format!("Unavailable: {}", stores.join(", ")))),
    }
}
