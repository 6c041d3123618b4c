//! Forms with files, as they come (RFC 7578).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{FromRequest, Multipart, Request};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use percent_encoding::percent_decode;

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
        let disposition = field.headers().get(CONTENT_DISPOSITION).map(HeaderValue::as_bytes).unwrap_or_default();
        let file_name = file_name(disposition).filter(|name| !name.is_empty());
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

/// The name of a file as its client has it, however that is written: a file whose name cannot be read is a
/// file still. None if the part is none.
fn file_name(disposition: &[u8]) -> Option<String> {
    let parameters = parameters(disposition);
    let value =
        |name: &str| parameters.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let extended = value("filename*").map(|value| extended(value).unwrap_or_else(|| NAMELESS.to_owned()));
    let extended = extended.filter(|name| !name.is_empty());
    let plain = value("filename").map(|value| decoded(value));
    match (extended, plain) {
        (Some(extended), Some(plain)) if extended == NAMELESS => Some(plain),
        (extended, plain) => extended.or(plain),
    }
}

/// What a file is called whose name nobody can read.
const NAMELESS: &str = "file";

/// The parameters of a header: between semicolons, but for those in quotes. A backslash is one, as names of Windows
/// have them, but before a quote or another.
fn parameters(header: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut parameters = Vec::new();
    let (mut name, mut piece) = (None, Vec::new());
    let mut quoted = false;
    let mut bytes = header.iter().copied().chain([b';']).peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => quoted = !quoted,
            b'\\' if quoted && bytes.next_if_eq(&b'"').is_some() => piece.push(b'"'),
            b'\\' if quoted && bytes.next_if_eq(&b'\\').is_some() => piece.push(b'\\'),
            b'=' if !quoted && name.is_none() => {
                name = Some(String::from_utf8_lossy(piece.trim_ascii()).into_owned());
                piece.clear();
            }
            b';' if !quoted || bytes.peek().is_none() => {
                parameters.extend(name.take().map(|name| (name, piece.trim_ascii().to_owned())));
                piece.clear();
            }
            byte => piece.push(byte),
        }
    }
    parameters
}

/// A value with a character set in front of it and its bytes behind `%` (RFC 8187).
fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    if charset.eq_ignore_ascii_case(b"utf-8") {
        return String::from_utf8(bytes).ok();
    }
    charset.eq_ignore_ascii_case(b"iso-8859-1").then(|| latin_1(&bytes))
}

/// Text in UTF-8, as browsers send it, or else in Latin-1, as old programs do.
fn decoded(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| latin_1(bytes), str::to_owned)
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn malformed() -> ApiError {
    ApiError::bad_request("Malformed multipart body")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_read_however_it_is_written() {
        for (disposition, name) in [
            (&b"form-data; name=\"a\"; filename=\"b.png\""[..], "b.png"),
            (b"form-data; name=a; filename*=utf-8\'\'b.png", "b.png"),
            (b"form-data; filename*=UTF-8\'sv\'%C3%A5.png; filename=\"a.png\"; name=a", "\u{e5}.png"),
            (b"form-data; filename*=iso-8859-1\'\'%e5.png", "\u{e5}.png"),
            (b"form-data; filename*=koi8\'\'x; filename=a.png", "a.png"),
            (b"form-data; filename*=utf-8\'\'%ff", NAMELESS),
            (b"form-data; FileName=\"c.png\"; NAME=\"a\"", "c.png"),
            (b"form-data;filename = \"c.png\" ;name=a", "c.png"),
            (b"filename=\"c.png\"; form-data", "c.png"),
            (b"form-data; name=\"a\"; filename=\"\xe5.png\"", "\u{e5}.png"),
            (b"form-data; filename=\"\xc3\xa5.png\"", "\u{e5}.png"),
            (b"form-data; filename=\"a;b.png\"", "a;b.png"),
            (b"form-data; filename=\"a \\\"b\\\".png\"", "a \"b\".png"),
            (b"form-data; filename=\"C:\\ada\\b.png\"", "C:\\ada\\b.png"),
            (b"form-data; filename=\"never closed.png", "never closed.png"),
            (b"form-data; filename=\"a.png\"; filename*=UTF-8\'\'", "a.png"),
            (b"form-data; name=\"a\\\\\"; filename=\"b.png\"", "b.png"),
        ] {
            assert_eq!(file_name(disposition).as_deref(), Some(name), "{}", String::from_utf8_lossy(disposition));
        }
        for text in [&b"form-data; name=\"a\""[..], b"form-data; name=\"filename=b.png\"", b"", b"form-data; filename"]
        {
            assert_eq!(file_name(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
