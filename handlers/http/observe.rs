//! What every request leaves behind: one line in the log, and an id on the
//! answer that finds it; and what every answer says.

use std::any::Any;
use std::error::Error;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderName, HeaderValue, Method};
use talelio::business::Fault;
use talelio::database::{ConsumedCapacity, measure};
use tracing::{Instrument, Span, info_span};

use crate::http::envelope::{ApiError, Cause, ExceededLimit};
use crate::metrics;

/// Leads from an answer to its log line.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer cost in the store; told in development.
const X_CONSUMED_CAPACITY: HeaderName = HeaderName::from_static("x-consumed-capacity");

/// Gives the request an id and logs how it was answered; tells what that cost where that is
/// to be shown, and browsers to take the answer for what it says it is.
pub(crate) async fn observe<F>(
    report_consumed_capacity: bool,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let started = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    let span = info_span!("request", id = id.to_str().unwrap_or_default());
    let answering = answer(request).instrument(span.clone());
    let mut response = if report_consumed_capacity {
        let (mut response, consumed) = Box::pin(measure(answering)).await;
        response.headers_mut().insert(X_CONSUMED_CAPACITY, consumed_capacity(consumed));
        response
    } else {
        answering.await
    };
    response.headers_mut().insert(X_REQUEST_ID, id);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    log(&span, &method, &response, started);
    response
}

/// Leaves the route of a request on its answer, for the log. The route and not the path:
/// a path may hold a token.
pub(crate) async fn record_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

fn log(span: &Span, method: &Method, response: &Response, started: Instant) {
    let _entered = span.enter();
    let route = response.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    let seconds = started.elapsed().as_secs_f64();
    metrics::record_request(method, route, response.status(), seconds);
    let status = response.status().as_u16();
    let method = method.as_str();
    let milliseconds = (seconds * 1e6).round() / 1e3;
    match response.extensions().get::<Cause>() {
        None => {
            let limit = response.extensions().get().map(|ExceededLimit(limit)| *limit);
            tracing::info!(method, route, status, limit, milliseconds, "answered");
        }
        Some(Cause(fault)) => {
            let error = error_chain(&**fault);
            tracing::error!(method, route, status, milliseconds, error, "failed");
        }
    }
}

/// The client's own id when it is one that can stand in a log, a new one otherwise.
fn request_id(request: &Request) -> HeaderValue {
    let sensible = |id: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=64).contains(&id.len()) && id.as_bytes().iter().all(allowed)
    };
    request.headers().get(X_REQUEST_ID).filter(sensible).cloned().unwrap_or_else(new_request_id)
}

/// An id that nobody else has.
pub(crate) fn new_request_id() -> HeaderValue {
    let id = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut [0; 36])).expect("a UUID is visible ASCII")
}

fn consumed_capacity(consumed: ConsumedCapacity) -> HeaderValue {
    let ConsumedCapacity { requests, read_units, write_units } = consumed;
    let text = format!("requests={requests}, read-units={read_units}, write-units={write_units}");
    HeaderValue::from_str(&text).expect("numbers are visible ASCII")
}

/// An error with everything that caused it.
fn error_chain(error: &dyn Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        chain = format!("{chain}: {error}");
        source = error.source();
    }
    chain
}

/// The answer to a request whose handler panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::from(Fault::failed(format!("panic: {}", text.unwrap_or_default()))).into_response()
}
