//! What a response cache needs of a request.

use axum::extract::{FromRequestParts, MatchedPath};
use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::encoding::{Encoding, preferred};
use crate::http::envelope::ApiError;

/// A `GET` or `HEAD` request: what it asks for, its preconditions, and what it accepts.
pub(crate) struct CacheableRequest {
    pub(super) uri: Uri,
    /// Whether it is `HEAD`, which is answered without the body.
    pub(super) head_only: bool,
    /// The entity tags that the client has.
    pub(super) if_none_match: Vec<HeaderValue>,
    /// The best encoding that the client accepts, beside none.
    pub(super) encoding: Option<Encoding>,
    /// Known once the router has matched it.
    pub(super) route: Option<MatchedPath>,
}

impl CacheableRequest {
    /// None for another method.
    pub(crate) fn new(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        Some(Self {
            uri: uri.clone(),
            head_only: method == Method::HEAD,
            if_none_match: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
            encoding: preferred(headers.get_all(ACCEPT_ENCODING).iter()),
            route: None,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for CacheableRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let request = Self::new(&parts.method, &parts.uri, &parts.headers);
        let request = request.ok_or_else(|| ApiError::bad_request("Invalid path"))?;
        Ok(Self { route: parts.extensions.get().cloned(), ..request })
    }
}
