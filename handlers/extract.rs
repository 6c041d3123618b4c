//! From a request to the values that a handler works on.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde_json::{Map, Value};
use talelio::business::Session;

use crate::app::App;
use crate::envelope::ApiError;

/// The most bytes of a request body.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How many bytes of a body that is too large are read and dropped, so that a
/// client which sends before it listens still gets its answer.
const MAX_DRAINED_BYTES: usize = 256 << 20;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the body of every request before its handler runs, whether the handler
/// wants it or not: a connection is only good for the next request, and for the
/// answer to this one, once the body is off it.
pub(crate) async fn read_body(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_TIMEOUT, collect(&parts.headers, body)).await;
    let body =
        read.unwrap_or_else(|_| Err(ApiError::refused(StatusCode::REQUEST_TIMEOUT, "Request body took too long")));
    match body {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => error.into_response(),
    }
}

async fn collect(headers: &HeaderMap, mut body: Body) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::refused(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large");
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) && headers.contains_key(EXPECT) {
        // The client waits for a word before it sends: this is the word.
        return Err(too_large());
    }
    let mut collected = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("Request body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY_BYTES {
            collected.extend_from_slice(&data);
        } else if length > MAX_DRAINED_BYTES {
            break;
        } else {
            collected = Vec::new();
        }
    }
    if length > MAX_BODY_BYTES { Err(too_large()) } else { Ok(collected.into()) }
}

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
            return Err(ApiError::refused(
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
    pub(crate) fn texts<const N: usize>(&mut self, keys: [&'static str; N]) -> Result<[String; N], ApiError> {
        if let Some(missing) = keys.iter().find(|key| !self.0.contains_key(**key)) {
            return Err(ApiError::bad_request(format!("Expected '{missing}' key")));
        }
        let mut texts = [const { String::new() }; N];
        for (text, key) in texts.iter_mut().zip(keys) {
            *text = self.optional_text(key)?.ok_or_else(|| not_text(key))?;
        }
        Ok(texts)
    }

    /// The text of `key`; none if it is missing or `null`.
    pub(crate) fn optional_text(&mut self, key: &'static str) -> Result<Option<String>, ApiError> {
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

/// The user whom the access token of the request speaks for.
pub(crate) struct Author(pub(crate) Session);

impl FromRequestParts<App> for Author {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let forbidden = |reason: &str| ApiError::refused(StatusCode::FORBIDDEN, reason);
        let header = parts.headers.get(AUTHORIZATION).ok_or_else(|| forbidden("No authorization header provided"))?;
        let header = header.to_str().map_err(|_| forbidden("Invalid authorization header"))?;
        let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(forbidden("Expected a bearer token"));
        }
        match token.trim() {
            "" => Err(forbidden("No authorization token provided")),
            token => Ok(Self(app.accounts.authenticate(token)?)),
        }
    }
}

/// The one parameter of a path, decoded.
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| ApiError::bad_request("Invalid path"))
    }
}
