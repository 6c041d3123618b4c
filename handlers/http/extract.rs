//! From a request to the values that a handler works on.

use std::borrow::Cow;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::envelope::ApiError;

/// The parameters of a path, decoded: a text for one, a tuple of texts for several.
pub(crate) struct PathParams<T = String>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| ApiError::bad_request("Invalid path"))
    }
}

/// What a query string gives for `name`, decoded; the first of several counts.
pub(crate) fn parameter<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value)
}

/// The largest page or limit that makes sense as a number.
const MAX_NUMBER: u32 = i32::MAX.unsigned_abs();

/// The number that a query string gives for `name`; 0 if it gives none.
pub(crate) fn number(query: &str, name: &str) -> Result<u32, ApiError> {
    let Some(value) = parameter(query, name) else { return Ok(0) };
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| digits && *number <= MAX_NUMBER);
    number.ok_or_else(|| ApiError::bad_request("Expected numeric query parameters"))
}
