//! Requests on their way in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::connection::Connection;

struct ReceivedBody {
    body: Incoming,
    connection: Arc<Connection>,
}

/// The body of a request, of which the connection knows what is taken.
pub(super) fn received(body: Incoming, connection: &Arc<Connection>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    connection.begin_body();
    Body::new(ReceivedBody { body, connection: Arc::clone(connection) })
}

impl Drop for ReceivedBody {
    fn drop(&mut self) {
        self.connection.bodies.end();
    }
}

impl HttpBody for ReceivedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.connection.has_taken(bytes);
            self.connection.bodies.add(bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
