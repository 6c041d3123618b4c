//! The API as it describes itself: an OpenAPI document, and a page for people made
//! from it.

mod frame;
mod reference;

use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::{OpenApi, Server};

pub(crate) use frame::frame;

/// The document in the forms that it is served in, made when first asked for.
pub(crate) struct Documents {
    document: OpenApi,
    json: OnceLock<Bytes>,
    page: OnceLock<Bytes>,
}

impl Documents {
    /// The documents of an API that is reached at `api_base_url`.
    pub(crate) fn of(mut document: OpenApi, api_base_url: &str) -> Arc<Self> {
        document.servers = Some(vec![Server::new(api_base_url)]);
        Arc::new(Self { document, json: OnceLock::new(), page: OnceLock::new() })
    }

    fn json(&self) -> Bytes {
        self.json.get_or_init(|| frame::complete(&self.document).to_string().into()).clone()
    }

    fn page(&self) -> Bytes {
        self.page.get_or_init(|| reference::page(&frame::complete(&self.document)).into()).clone()
    }
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
pub(crate) async fn document(Extension(documents): Extension<Arc<Documents>>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], documents.json()).into_response()
}

/// Browse this API
///
/// The same document for people.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "operation",
    responses((status = 200, description = "A page.", body = str, content_type = "text/html"))
)]
pub(crate) async fn reference(Extension(documents): Extension<Arc<Documents>>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'")),
    ];
    (headers, documents.page()).into_response()
}
