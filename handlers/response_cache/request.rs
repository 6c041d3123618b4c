//! What a response cache needs of a request.

use axum::extract::{FromRequestParts, MatchedPath};
use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::encoding::{Encoding, preferred};
use crate::http::envelope::ApiError;
use crate::http::extract::parameter;

/// A `GET` or `HEAD` request: its cache key, its preconditions, and what it accepts.
pub(crate) struct CacheableRequest {
    /// The cache key: the path, and those parameters that a response can depend on.
    pub(super) path_and_query: PathAndQuery,
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
    /// None for another method, or no path.
    pub(crate) fn new(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        Some(Self {
            path_and_query: cache_key(uri.path_and_query()?),
            head_only: method == Method::HEAD,
            if_none_match: headers.get_all(IF_NONE_MATCH).iter().cloned().collect(),
            encoding: preferred(headers.get_all(ACCEPT_ENCODING).iter()),
            route: None,
        })
    }
}

/// The parameters that a cached response can depend on. Without any other in its key, nobody
/// can make the same response be made, and cached, time and again.
const PARAMETERS: [&str; 2] = ["page", "limit"];

fn cache_key(requested: &PathAndQuery) -> PathAndQuery {
    let Some(query) = requested.query() else { return requested.clone() };
    let mut known = form_urlencoded::Serializer::new(String::new());
    for name in PARAMETERS {
        if let Some(value) = parameter(query, name) {
            known.append_pair(name, &value);
        }
    }
    let known = known.finish();
    let separator = if known.is_empty() { "" } else { "?" };
    let key = format!("{}{separator}{known}", requested.path());
    // Fails for what is too long for an address, and is no number then.
    key.parse().unwrap_or_else(|_| requested.clone())
}

impl<S: Sync> FromRequestParts<S> for CacheableRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let request = Self::new(&parts.method, &parts.uri, &parts.headers);
        let request = request.ok_or_else(|| ApiError::bad_request("Invalid path"))?;
        Ok(Self { route: parts.extensions.get().cloned(), ..request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_key_has_no_parameter_that_makes_no_difference() {
        for (requested, key) in [
            ("/v1/articles/a", "/v1/articles/a"),
            ("/v1/articles/a?", "/v1/articles/a"),
            ("/v1/articles/a?utm_source=x&n=1", "/v1/articles/a"),
            ("/users/ada/articles?limit=5&n=1&page=2", "/users/ada/articles?page=2&limit=5"),
            ("/users/ada/articles?page=2&page=3", "/users/ada/articles?page=2"),
            ("/users/ada/articles?p%61ge=%32", "/users/ada/articles?page=2"),
            ("/users/ada/articles?page=%26limit%3D5", "/users/ada/articles?page=%26limit%3D5"),
        ] {
            assert_eq!(cache_key(&PathAndQuery::from_static(requested)), key, "{requested}");
        }
    }
}
