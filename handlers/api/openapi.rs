//! `/v1/openapi.json`: the API as it describes itself.

use std::sync::Arc;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi::Document;

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(document))
}

/// Get this API as an OpenAPI document
///
/// OpenAPI 3.1, for programs that make clients and tests of it.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    tag = "operation",
    responses((status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"))
)]
async fn document(Extension(document): Extension<Arc<Document>>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document.json()).into_response()
}
