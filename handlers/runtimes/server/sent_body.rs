//! Responses on their way out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use talelio::business::memory::MemoryPermit;

use super::connection::AtHand;
use super::responses::LITTLE;
use crate::http::sent_share::SentShare;

/// The body of a response on its way. What is sent over HTTP/2 is cut into pieces, since
/// that takes a piece when the client lets it: a response of which no piece goes is a client
/// that does not read.
pub(super) struct SentBody {
    body: Body,
    rest: Bytes,
    http_2: bool,
    sending: Arc<Sending>,
}

/// A response until the last byte of it is written or given up, which is some time after the
/// server has taken that from the body.
struct Sending {
    at_hand: AtHand,
    /// Its number among the responses of the connection, unless it is no matter to others.
    number: Option<u64>,
    _request: Option<MemoryPermit>,
    _share: Option<SentShare>,
}

/// Bytes that keep the response at hand until they are written.
struct Piece {
    bytes: Bytes,
    sending: Arc<Sending>,
}

/// The bytes of a piece.
const PIECE: usize = 16 << 10;

impl SentBody {
    /// The response with such a body, which keeps the permit of its request.
    pub(super) fn of(
        mut response: Response,
        at_hand: AtHand,
        http_2: bool,
        request: Option<MemoryPermit>,
    ) -> http::Response<Self> {
        let share = response.extensions_mut().remove();
        response.map(|body| {
            let holds = body.size_hint().lower() + request.as_ref().map_or(0, |permit| permit.bytes() as u64);
            let matters = http_2 && !body.is_end_stream() || holds > LITTLE;
            let number = matters.then(|| at_hand.connection().begin_response(holds, http_2));
            let sending = Arc::new(Sending { at_hand, number, _request: request, _share: share });
            Self { body, rest: Bytes::new(), http_2, sending }
        })
    }

    fn next_piece(&mut self) -> Frame<Bytes> {
        let length = if self.http_2 { self.rest.len().min(PIECE) } else { self.rest.len() };
        let bytes = self.rest.split_to(length);
        Frame::data(Bytes::from_owner(Piece { bytes, sending: Arc::clone(&self.sending) }))
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) if frame.is_data() => self.rest = frame.into_data().unwrap_or_default(),
                other => return Poll::Ready(other),
            }
        }
        Poll::Ready(Some(Ok(self.next_piece())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.at_hand.connection().end_response(number);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(number) = self.sending.number {
            self.sending.at_hand.connection().has_sent(number, self.bytes.len());
        }
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
