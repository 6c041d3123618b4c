//! The header by which a client names a request, so that it can send it again.

use axum::extract::FromRequestParts;
use http::HeaderName;
use http::request::Parts;
use talelio::business::{IdempotencyKey, InvalidIdempotencyKey};
use utoipa::IntoParams;

use crate::http::envelope::ApiError;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header as the OpenAPI document has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that is read by hand")]
pub(crate) struct IdempotencyHeader {
    /// A name for this request, such as a new UUID. Sent again with the same name within 24 hours, because the response
    /// was lost, it is done once, and answered with what it made, as that is by then. The name counts for this route and account; for
    /// registrations, for everybody. A request that was refused does not use it up.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]{1,255}$",
        example = "7d0c1f5e-3b52-4f0e-9a64-2c8f1f0b6a91"
    )]
    idempotency_key: Option<String>,
}

/// The name that a client gives a request, if any.
pub(crate) struct Idempotent(pub(crate) Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for Idempotent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(&IDEMPOTENCY_KEY) else { return Ok(Self(None)) };
        let key = value.to_str().map_err(|_| ApiError::bad_request(InvalidIdempotencyKey))?;
        key.parse().map(|key| Self(Some(key))).map_err(ApiError::bad_request)
    }
}
