//! What a request says about how it can be answered.

use axum::extract::{FromRequestParts, MatchedPath};
use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::encoding::{Encoding, preferred};
use crate::http::envelope::ApiError;

/// What an answer has to know of its request.
pub(crate) struct Asked {
    /// As it was sent: the same answer may have several.
    pub(super) address: PathAndQuery,
    /// Whether only the head of the answer is wanted.
    pub(super) head_only: bool,
    /// The versions that the client has.
    pub(super) known: Vec<HeaderValue>,
    /// The best encoding that the client can read, beside none.
    pub(super) encoding: Option<Encoding>,
    /// Known once the router has found it.
    pub(super) route: Option<MatchedPath>,
}

impl Asked {
    /// None if the request is no mere question, or for no path.
    pub(crate) fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        Some(Self {
            address: uri.path_and_query()?.clone(),
            head_only: method == Method::HEAD,
            known: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
            encoding: preferred(headers.get_all(ACCEPT_ENCODING).iter()),
            route: None,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let asked = Self::of(&parts.method, &parts.uri, &parts.headers);
        let asked = asked.ok_or_else(|| ApiError::bad_request("Invalid path"))?;
        Ok(Self { route: parts.extensions.get().cloned(), ..asked })
    }
}
