//! What is on its way to a client, counted for as long as it is.

use std::sync::Arc;

use axum::response::Response;
use hyper::body::Body;
use talelio::business::Network;
use talelio::business::memory::{self, MemoryBudget, MemoryPermit};

use crate::http::body::in_place_of;

/// The part of a client's share that its response takes. Whoever sends the response takes it off
/// that, and keeps it until the last byte is sent or given up.
#[derive(Clone)]
pub(crate) struct SentShare(#[expect(dead_code, reason = "held")] Arc<MemoryPermit>);

/// The response with its [`SentShare`] for `client`. If too much is on its way to it already,
/// another response that says so; but what `was_changed` is told.
pub(super) fn counted(mut response: Response, budget: &MemoryBudget, client: Network, was_changed: bool) -> Response {
    let bytes = response.body().size_hint().lower();
    if bytes == 0 {
        return response;
    }
    match memory::send(budget, client, usize::try_from(bytes).unwrap_or(usize::MAX)) {
        Ok(permit) => {
            response.extensions_mut().insert(SentShare(Arc::new(permit)));
            response
        }
        Err(_) if was_changed => response,
        Err(fault) => in_place_of(response, fault.into()),
    }
}
