//! The API as it describes itself: an OpenAPI document.

mod base;

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use serde_json::Value;
use utoipa::openapi::{OpenApi, Server};

pub(crate) use base::describe;

/// The document in the forms that it is served in, made when first asked for.
pub(crate) struct Document {
    openapi: OpenApi,
    json: OnceLock<Bytes>,
    html: OnceLock<Bytes>,
}

impl Document {
    /// The document of an API that is reached at `api_base_url`.
    pub(crate) fn new(mut document: OpenApi, api_base_url: &str) -> Arc<Self> {
        document.servers = Some(vec![Server::new(api_base_url)]);
        Arc::new(Self { openapi: document, json: OnceLock::new(), html: OnceLock::new() })
    }

    /// For programs.
    pub(crate) fn json(&self) -> Bytes {
        self.json.get_or_init(|| base::with_shared_responses(&self.openapi).to_string().into()).clone()
    }

    /// For people, as `render` makes it.
    pub(crate) fn html(&self, render: impl FnOnce(&Value) -> String) -> Bytes {
        self.html.get_or_init(|| render(&base::with_shared_responses(&self.openapi)).into()).clone()
    }
}

/// The document as JSON, with what operations have in common.
#[cfg(test)]
pub(crate) use base::with_shared_responses;
