//! Forms with files, as they come (RFC 7578).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{FromRequest, Multipart, Request};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::http::envelope::ApiError;

/// How much may come before something of it can be handed on: the headers of a part, and
/// what stands before the first one. The parser would wait for their end as long as any come.
const MAX_HEADERS_BYTES: usize = 64 << 10;

/// A form whose parts come one by one.
pub(crate) struct Form {
    parts: Multipart,
    ahead: Ahead,
}

/// How many bytes have come since something was handed on.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicUsize>);

/// A part of a form, whose contents are yet to come.
pub(crate) struct FormPart<'f> {
    /// None for a text, and for a file that was not chosen.
    pub(crate) file_name: Option<String>,
    field: Field<'f>,
    ahead: Ahead,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = MultipartRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, MultipartRejection> {
        let ahead = Ahead::default();
        let counted = ahead.clone();
        let request = request.map(|body| Body::from_stream(counted.count(body.into_data_stream())));
        Ok(Self { parts: Multipart::from_request(request, state).await?, ahead })
    }
}

impl Ahead {
    /// The stream, up to where too much of it was not handed on.
    fn count(self, stream: BodyDataStream) -> impl futures_util::Stream<Item = Result<Bytes, axum::Error>> {
        stream.map(move |chunk| {
            let chunk = chunk?;
            if self.0.fetch_add(chunk.len(), Relaxed) > MAX_HEADERS_BYTES {
                return Err(axum::Error::new("the headers of a part are too long"));
            }
            Ok(chunk)
        })
    }

    fn was_handed_on(&self) {
        self.0.store(0, Relaxed);
    }
}

impl Form {
    /// The next part; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<FormPart<'_>>, ApiError> {
        let field = self.parts.next_field().await.map_err(|_| malformed())?;
        self.ahead.was_handed_on();
        let Some(field) = field else { return Ok(None) };
        let file_name = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Some(FormPart { file_name, field, ahead: self.ahead.clone() }))
    }
}

impl FormPart<'_> {
    /// The contents; none if they have more than `max_bytes`.
    pub(crate) async fn read(mut self, max_bytes: usize) -> Result<Option<Bytes>, ApiError> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > max_bytes {
                return Ok(None);
            }
        }
        Ok(Some(bytes.freeze()))
    }

    /// Reads the contents and drops them.
    pub(crate) async fn skip(mut self) -> Result<(), ApiError> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, ApiError> {
        let chunk = self.field.chunk().await.map_err(|_| malformed())?;
        self.ahead.was_handed_on();
        Ok(chunk)
    }
}

fn malformed() -> ApiError {
    ApiError::bad_request("Malformed multipart body")
}
