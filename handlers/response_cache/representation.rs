//! One representation: its bytes, plain and compressed, and the headers that go with them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use sha2::{Digest, Sha256};
use talelio::business::{Clock, Fault, SystemClock, Timestamp, background, memory};
use tokio::sync::OnceCell;

use super::encoding::{Encoding, compressed, permit};
use super::request::CacheableRequest;
use crate::http::conditional::if_none_match;
use crate::http::envelope::ApiError;

/// For how long shared caches keep a response.
const SHARED: Duration = Duration::from_secs(1);

/// What a representation takes beside its bytes, roughly.
const OVERHEAD_BYTES: usize = 1_024;

/// A JSON document, ready to be sent. Clones share it.
#[derive(Clone)]
pub(crate) struct Representation(Arc<Inner>);

struct Inner {
    plain: Bytes,
    /// None inside where compressing was not worth it.
    gzip: OnceCell<Option<Bytes>>,
    brotli: OnceCell<Option<Bytes>>,
    etag: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
    changes_at: Option<Timestamp>,
}

impl Representation {
    /// `value` as JSON, which is about so many `bytes`, with headers of its own.
    pub(crate) async fn json(
        value: &impl Serialize,
        bytes: usize,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Self, ApiError> {
        Self::json_until(value, bytes, headers, None).await
    }

    /// [`Representation::json`] of what is another by itself from a time on.
    pub(crate) async fn json_until(
        value: &impl Serialize,
        bytes: usize,
        headers: Vec<(HeaderName, HeaderValue)>,
        changes_at: Option<Timestamp>,
    ) -> Result<Self, ApiError> {
        let write = || {
            // Boxed, so that it takes no more memory than it has bytes.
            let plain = memory::held(serde_json::to_vec(value).map_err(Fault::failed)?.into_boxed_slice())?;
            // Weak: it names what the document says, in whichever encoding.
            let etag = format!("W/\"{}\"", hex::encode(&Sha256::digest(&plain)[..16]));
            Ok::<_, Fault>((plain, etag))
        };
        let (plain, etag) = background::long(bytes, write).await?;
        let etag = HeaderValue::from_str(&etag).map_err(Fault::failed)?;
        let (gzip, brotli) = (OnceCell::new(), OnceCell::new());
        Ok(Self(Arc::new(Inner { plain, gzip, brotli, etag, headers, changes_at })))
    }

    /// For how long it is what it is, if that ends by itself.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let now = SystemClock.now().unix_milliseconds();
        let left = self.0.changes_at?.unix_milliseconds() - now;
        Some(Duration::from_millis(left.try_into().unwrap_or_default()))
    }

    /// How many bytes of memory it takes at most: what is compressed is kept when it is
    /// half as long or less, and there are two such.
    pub(super) fn weight(&self) -> usize {
        2 * self.0.plain.len() + OVERHEAD_BYTES
    }

    /// The response to a request for this.
    pub(super) async fn respond(
        &self,
        request: CacheableRequest,
        cache_control: HeaderValue,
    ) -> Result<Response, ApiError> {
        let document = &*self.0;
        let mut response = Response::default();
        let headers = response.headers_mut();
        // Once, for these and for those that are added on the way out.
        headers.reserve(16);
        // No other cache is to have it when it is another by itself.
        let is_over_soon = self.time_left().is_some_and(|left| left <= SHARED);
        let no_cache = HeaderValue::from_static("no-cache");
        headers.insert(CACHE_CONTROL, if is_over_soon { no_cache } else { cache_control });
        headers.insert(ETAG, document.etag.clone());
        // Authors see more of their own.
        headers.extend(
            [(VARY, "accept-encoding"), (VARY, "authorization")]
                .map(|(name, value)| (name, HeaderValue::from_static(value))),
        );
        headers.extend(document.headers.iter().cloned());
        if if_none_match(request.if_none_match.iter(), &document.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let bytes = self.bytes_for(request.encoding, headers).await?;
            headers.insert(CONTENT_LENGTH, bytes.len().into());
            if !request.head_only {
                *response.body_mut() = Body::from(bytes);
            }
        }
        Ok(response)
    }

    /// The whole document, compressed as far as that helps.
    async fn bytes_for(&self, encoding: Option<Encoding>, headers: &mut HeaderMap) -> Result<Bytes, ApiError> {
        if let Some(encoding) = encoding
            && let Some(bytes) = self.in_encoding(encoding).await?
        {
            headers.insert(CONTENT_ENCODING, encoding.name());
            return Ok(bytes);
        }
        Ok(self.0.plain.clone())
    }

    /// The document in an encoding, made when it is first asked for; none if it is not
    /// much shorter in it.
    async fn in_encoding(&self, encoding: Encoding) -> Result<Option<Bytes>, Fault> {
        let cell = match encoding {
            Encoding::Gzip => &self.0.gzip,
            Encoding::Brotli => &self.0.brotli,
        };
        if let Some(ready) = cell.get() {
            return Ok(ready.clone());
        }
        // Rather than wait for others, who may be many, it is sent as it is.
        let Some(permit) = permit() else { return Ok(None) };
        Box::pin(cell.get_or_try_init(|| compressed(self.0.plain.clone(), encoding, permit))).await.cloned()
    }
}
