//! Responses that a client may have already, or asks for a part of, and versions that it means to
//! change (RFC 9110, sections 13 and 14).

use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_range_header::{RangeUnsatisfiableError, parse_range_header};
use sha2::{Digest, Sha256};
use talelio::business::{Fault, Version, Versions};
use utoipa::IntoParams;

use crate::http::envelope::ApiError;

/// A file whose bytes never change.
pub(crate) struct ImmutableFile {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: &'static str,
    /// What no other bytes have, of visible ASCII.
    pub(crate) etag: String,
}

/// For a year, the longest that caches believe.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

impl ImmutableFile {
    /// The answer to a request for the file with these headers.
    pub(crate) fn respond(self, request: &HeaderMap) -> Result<Response, ApiError> {
        let tag = HeaderValue::from_str(&format!("\"{}\"", self.etag)).map_err(Fault::failed)?;
        let mut response = if if_none_match(request.get_all(IF_NONE_MATCH).iter(), &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.bytes_for(request, &tag)?
        };
        if !response.status().is_client_error() {
            response.headers_mut().extend([(CACHE_CONTROL, IMMUTABLE), (ETAG, tag)]);
        }
        Ok(response)
    }

    fn bytes_for(self, request: &HeaderMap, tag: &HeaderValue) -> Result<Response, ApiError> {
        let length = self.bytes.len();
        let ranges = request.get(RANGE).and_then(|range| parse_range_header(range.to_str().ok()?).ok());
        // A part of another version would be of no use.
        let ranges = ranges.filter(|_| request.get(IF_RANGE).is_none_or(|known| known == tag));
        let ranges = ranges.map(|ranges| ranges.validate(length as u64));
        if let Some(Err(RangeUnsatisfiableError::Unsatisfiable)) = ranges {
            let mut rejection =
                ApiError::rejected(StatusCode::RANGE_NOT_SATISFIABLE, "Range not satisfiable").into_response();
            rejection.headers_mut().insert(CONTENT_RANGE, content_range("*", length)?);
            return Ok(rejection);
        }
        // Several parts at once, which hardly anybody asks for, are answered with everything.
        let part = ranges.and_then(Result::ok).and_then(|ranges| <[RangeInclusive<u64>; 1]>::try_from(ranges).ok());
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(self.media_type)),
            (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        ];
        let Some([part]) = part else { return Ok((headers, Body::from(self.bytes)).into_response()) };
        let (first, last) = part.into_inner();
        let range = content_range(&format!("{first}-{last}"), length)?;
        let at = |position: u64| usize::try_from(position).map_err(Fault::failed);
        let bytes = self.bytes.slice(at(first)?..=at(last)?);
        Ok((StatusCode::PARTIAL_CONTENT, headers, [(CONTENT_RANGE, range)], Body::from(bytes)).into_response())
    }
}

fn content_range(part: &str, length: usize) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(&format!("bytes {part}/{length}")).map_err(Fault::failed)
}

/// Whether the client knows the version `tag` already, by its `If-None-Match` headers.
/// How the tags are compared does not tell weak ones from strong ones (RFC 9110, 13.1.2).
pub(crate) fn if_none_match<'h>(known: impl Iterator<Item = &'h HeaderValue>, tag: &HeaderValue) -> bool {
    let strong = |tag: &'h str| tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes());
    let known = known.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(',')).map(str::trim);
    known.map(strong).any(|known| known == "*" || known.as_bytes() == tag)
}

/// Whether a client that sends this `Accept` names `media_type` in it. A mere `*/*`
/// is what scripts send, who want what they know.
pub(crate) fn accepts(request: &HeaderMap, media_type: &str) -> bool {
    accepted(request.get_all(ACCEPT).iter()).any(|named| named.eq_ignore_ascii_case(media_type))
}

/// What headers such as `Accept` and `Accept-Encoding` name, less what they give no weight.
pub(crate) fn accepted<'h>(headers: impl Iterator<Item = &'h HeaderValue>) -> impl Iterator<Item = &'h str> {
    let choices = headers.filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(','));
    choices.filter_map(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let named = parts.next()?;
        let excluded = |weight: &str| weight.parse().is_ok_and(|weight: f32| weight <= 0.0);
        let excluded = parts.any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, weight)| name.eq_ignore_ascii_case("q") && excluded(weight))
        });
        Some(named).filter(|_| !excluded)
    })
}

/// `If-Match` as the OpenAPI document has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that is read by hand")]
pub(crate) struct IfMatchHeader {
    /// The versions that are meant, as `ETag` had them: nothing is done if another is the newest. Without
    /// it, it is done to whatever there is.
    #[param(rename = "If-Match", example = json!(null))]
    if_match: Option<String>,
}

/// The versions that a client means; any, if it does not say.
pub(crate) struct IfMatch(pub(crate) Versions);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut headers = parts.headers.get_all(IF_MATCH).iter().peekable();
        if headers.peek().is_none() {
            return Ok(Self(None));
        }
        let tags = headers.filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(','));
        let tags: Vec<&str> = tags.map(str::trim).collect();
        if tags.contains(&"*") {
            return Ok(Self(None));
        }
        // A tag that is none of ours matches nothing.
        Ok(Self(Some(tags.iter().filter_map(|tag| version(tag)).collect())))
    }
}

/// The version that an entity tag begins with. That of a weak one, too: whoever compresses an answer on its
/// way makes its tag weak, and the version is the same.
fn version(tag: &str) -> Option<Version> {
    let mut parts = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?.split('-');
    // A number has one spelling.
    let mut number = || {
        let text = parts.next()?;
        text.parse().ok().filter(|number: &u64| number.to_string() == text)
    };
    Some(Version { id: number()?, number: number()? })
}

/// The entity tag of a version, and of what it is represented by.
pub(crate) fn entity_tag(Version { id, number }: Version, representation: &[u8]) -> Result<HeaderValue, Fault> {
    let hash = hex::encode(&Sha256::digest(representation)[..8]);
    HeaderValue::from_str(&format!("\"{id}-{number}-{hash}\"")).map_err(Fault::failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webp_is_accepted_by_name() {
        let accepts = |accept: &str| {
            accepts(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]), "image/webp")
        };
        assert!(accepts("image/webp"));
        assert!(accepts("image/avif,image/WebP,image/*;q=0.8"));
        assert!(accepts("text/html, image/webp;q=0.5"));
        assert!(!accepts("image/webp;q=0") && !accepts("image/webp;Q=0.0"));
        assert!(!accepts("*/*"));
        assert!(!accepts("image/*"));
    }

    #[test]
    fn a_tag_begins_with_its_version() {
        let tag = entity_tag(Version { id: 7, number: 12 }, b"text").unwrap();
        assert_eq!(version(tag.to_str().unwrap()), Some(Version { id: 7, number: 12 }));
        for tag in ["\"7-12\"", "W/\"7-12-00\""] {
            assert_eq!(version(tag), Some(Version { id: 7, number: 12 }));
        }
        for other in ["7-12", "w/\"7-12\"", "\"7\"", "\"+7-12\"", "\"07-12\"", "\"7-\"", "\"x\""] {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn any_of_several_tags_may_be_the_known_one() {
        for tag in ["\"a\"", "W/\"a\""].map(HeaderValue::from_static) {
            let known = |tags| if_none_match([HeaderValue::from_static(tags)].iter(), &tag);
            assert!(known("\"a\"") && known("\"b\", W/\"a\"") && known("*"));
            assert!(!known("\"b\"") && !known("a"));
        }
    }
}
