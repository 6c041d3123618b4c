//! Responses on their way out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use talelio::business::memory::MemoryPermit;

use super::connection::AtHand;

/// The body of a response on its way. What is sent over HTTP/2 is cut into pieces, since
/// that takes a piece when the client lets it: a response that is never asked for another
/// piece is a client that does not read.
pub(super) struct SentBody {
    body: Body,
    rest: Bytes,
    at_hand: AtHand,
    /// Its number among the responses over HTTP/2.
    number: Option<u64>,
    _permit: Option<MemoryPermit>,
}

/// The bytes of a piece.
const PIECE: usize = 16 << 10;

impl SentBody {
    pub(super) fn new(body: Body, at_hand: AtHand, http_2: bool, permit: Option<MemoryPermit>) -> Self {
        let number = (http_2 && !body.is_end_stream()).then(|| at_hand.connection().begin_response());
        Self { body, rest: Bytes::new(), at_hand, number, _permit: permit }
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.at_hand.connection().end_response(number);
        }
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(number) = self.number else { return Pin::new(&mut self.body).poll_frame(context) };
        self.at_hand.connection().ask_for_more(number);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) if frame.is_data() => self.rest = frame.into_data().unwrap_or_default(),
                other => return Poll::Ready(other),
            }
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
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
