//! What is on its way to a client, counted for as long as it is.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use talelio::business::Network;
use talelio::business::memory::{self, MemoryBudget, MemoryPermit};

use crate::http::body::in_place_of;

/// A body that is counted until it is sent or given up.
struct CountedBody {
    body: Body,
    _permit: MemoryPermit,
}

/// The response, counted for `client`. If too much is on its way to it already, another response
/// that says so; but what `was_changed` is told.
pub(super) fn counted(response: Response, budget: &MemoryBudget, client: Network, was_changed: bool) -> Response {
    let bytes = response.body().size_hint().lower();
    if bytes == 0 {
        return response;
    }
    match memory::send(budget, client, usize::try_from(bytes).unwrap_or(usize::MAX)) {
        Ok(permit) => response.map(|body| Body::new(CountedBody { body, _permit: permit })),
        Err(_) if was_changed => response,
        Err(fault) => in_place_of(response, fault.into()),
    }
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
