//! From a request to the values that a handler works on.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::http::envelope::ApiError;

/// The JSON object of a request body, with at least one key.
pub(crate) struct JsonObject(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::bad_request("Missing request body");
        let json = is_json(request.headers());
        let body = Bytes::from_request(request, state).await.map_err(|_| missing())?;
        if body.is_empty() {
            return Err(missing());
        }
        if !json {
            return Err(ApiError::rejected(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Expected a body of type application/json",
            ));
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) if !object.is_empty() => Ok(Self(object)),
            Ok(Value::Object(_) | Value::Null) => Err(missing()),
            Ok(_) => Err(ApiError::bad_request("Expected a JSON object")),
            Err(_) => Err(ApiError::bad_request("Malformed JSON in request body")),
        }
    }
}

/// Whether a body says that it is JSON, or does not say what it is.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(media_type) = headers.get(CONTENT_TYPE) else { return true };
    let media_type = media_type.to_str().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

impl JsonObject {
    /// The texts of `keys`, all of them required; the first that is missing is told.
    pub(crate) fn required_strings<const N: usize>(
        &mut self,
        keys: [&'static str; N],
    ) -> Result<[String; N], ApiError> {
        if let Some(missing) = keys.iter().find(|key| !self.0.contains_key(**key)) {
            return Err(ApiError::bad_request(format!("Expected '{missing}' key")));
        }
        let mut texts = [const { String::new() }; N];
        for (text, key) in texts.iter_mut().zip(keys) {
            *text = self.optional_string(key)?.ok_or_else(|| not_text(key))?;
        }
        Ok(texts)
    }

    /// The text of `key`; none if it is missing or `null`.
    pub(crate) fn optional_string(&mut self, key: &'static str) -> Result<Option<String>, ApiError> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(ApiError::bad_request(format!("'{key}' must not contain null bytes")))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(not_text(key)),
        }
    }
}

fn not_text(key: &str) -> ApiError {
    ApiError::bad_request(format!("Expected '{key}' to be a string"))
}

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
