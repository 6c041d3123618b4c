//! How the body of a request comes in.
//!
//! A body is read by whoever wants it, when they want it: a request that is rejected by its
//! head alone costs no memory. What nobody wanted is read and dropped before the response
//! leaves, since a connection is only good for the next request, and for the response to
//! this one, once that is done.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use talelio::business::{MAX_IMAGE_BYTES, MAX_IMAGES, memory};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::http::envelope::ApiError;

/// What the body of a request may be.
#[derive(Clone, Copy)]
pub(crate) struct BodyPolicy {
    max_bytes: usize,
    /// How long it may take to arrive.
    timeout: Duration,
    /// Whether it is read as a whole, and its memory counted, or as it comes.
    collected: bool,
}

impl BodyPolicy {
    /// A form of a few short fields.
    pub(crate) const FORM: Self = Self { max_bytes: 16 << 10, timeout: Duration::from_secs(10), ..Self::TEXT };

    /// What an author writes.
    pub(crate) const TEXT: Self = Self { max_bytes: 1 << 20, timeout: Duration::from_secs(30), collected: true };

    /// Images, and what stands around them: 41 MiB at a megabit a second.
    pub(crate) const UPLOAD: Self = Self {
        max_bytes: MAX_IMAGES * MAX_IMAGE_BYTES + (1 << 20),
        timeout: Duration::from_secs(345),
        collected: false,
    };
}

/// Refuses a body that is compressed: what it becomes has no bound.
pub(crate) fn reject_encoded(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    Err(ApiError::rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Expected a body without Content-Encoding"))
}

/// How long a body may make no progress.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);

/// How long what nobody wants of a body may make no progress.
const DRAIN_STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// How many bytes of a body that nobody wants are read and dropped, so that a
/// client which sends before it listens still gets its answer.
const MAX_DRAINED_BYTES: usize = 256 << 20;

/// How much memory a body takes beside its bytes: a buffer that has grown, and what is
/// read from it.
const MEMORY_FACTOR: usize = 3;

/// The body of a request, as its handler and what stands around that share it.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Incoming>>);

struct Incoming {
    body: Body,
    policy: BodyPolicy,
    /// How many bytes of it have come.
    length: usize,
    started: Instant,
    /// When it has made no progress for too long. None until somebody reads.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Why the reader did not get all of it.
    failure: Option<ApiError>,
}

/// Answers a request, and takes its body off the connection.
pub(crate) async fn receive<F>(request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    if request.body().is_end_stream() {
        return answer(request).await;
    }
    let expects_continue = request.headers().contains_key(EXPECT);
    let (mut parts, body) = request.into_parts();
    let body = SharedBody(Arc::new(Mutex::new(Incoming {
        body,
        policy: BodyPolicy::TEXT,
        length: 0,
        started: Instant::now(),
        stalled: None,
        failure: None,
    })));
    parts.extensions.insert(body.clone());
    // Boxed, so that a request without a body, which most are, takes half the memory.
    let response = Box::pin(answer(Request::from_parts(parts, Body::new(body.clone())))).await;
    let unread = body.with(|incoming| incoming.is_unread());
    if !(expects_continue && unread) {
        body.drain().await;
    }
    match body.with(|incoming| incoming.verdict(&response)) {
        // A handler that did not get all of the body cannot say why.
        Some(failure) => in_place_of(response, failure),
        None => response,
    }
}

/// `failure`, with what is known of the request from the response that it replaces.
pub(super) fn in_place_of(mut response: Response, failure: ApiError) -> Response {
    let mut failure = failure.into_response();
    let known = std::mem::take(response.extensions_mut());
    let said = std::mem::replace(failure.extensions_mut(), known);
    failure.extensions_mut().extend(said);
    failure
}

/// Says what the bodies of a group of routes may be.
pub(crate) async fn allow(State(policy): State<BodyPolicy>, request: Request, next: Next) -> Response {
    if let Some(body) = request.extensions().get::<SharedBody>() {
        if expects_to_send_more_than(policy.max_bytes, request.headers()) {
            return too_large().into_response();
        }
        body.with(|incoming| incoming.policy = policy);
    }
    next.run(request).await
}

impl SharedBody {
    fn with<T>(&self, look: impl FnOnce(&mut Incoming) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the rest of the body and drops it.
    async fn drain(&self) {
        let mut body = self.with(|incoming| std::mem::take(&mut incoming.body));
        let (mut length, deadline) =
            self.with(|incoming| (incoming.length, incoming.started + incoming.policy.timeout));
        let reading = async {
            while length <= MAX_DRAINED_BYTES {
                let Ok(Some(Ok(frame))) = timeout(DRAIN_STALL_TIMEOUT, body.frame()).await else { break };
                length += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        // One that is too slow is not waited for.
        let _ = tokio::time::timeout_at(deadline, reading).await;
        self.with(|incoming| incoming.length = length);
    }
}

impl Incoming {
    /// Whether nobody wanted any of it.
    fn is_unread(&self) -> bool {
        self.stalled.is_none()
    }

    /// What there is to say of the body, in place of the response to it.
    fn verdict(&mut self, response: &Response) -> Option<ApiError> {
        if let Some(failure) = self.failure.take() {
            return Some(failure);
        }
        // What was done is done, and who may not ask is told that first.
        let decided = response.status().is_success() || response.status() == StatusCode::FORBIDDEN;
        (self.length > self.policy.max_bytes && self.is_unread() && !decided).then(too_large)
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ApiError>>> {
        let late = self.started + self.policy.timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL_TIMEOUT)));
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            ready!(stalled.as_mut().poll(context));
            return Poll::Ready(Some(Err(too_slow())));
        };
        stalled.as_mut().reset((Instant::now() + STALL_TIMEOUT).min(late));
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = frame.map_err(|_| ApiError::bad_request("Request body ended early"))?;
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        self.length += bytes;
        if self.length > self.policy.max_bytes {
            return Poll::Ready(Some(Err(too_large())));
        }
        if self.policy.collected {
            memory::receive(MEMORY_FACTOR * bytes)?;
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|incoming| {
            let polled = ready!(incoming.poll_data(context));
            Poll::Ready(polled.map(|frame| {
                frame.map_err(|failure| {
                    incoming.failure = Some(failure);
                    axum::Error::new("the body did not come in")
                })
            }))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|incoming| incoming.body.is_end_stream())
    }
}

/// Whether a client says that it will send more than `most` bytes and waits for a
/// word before it does. Refused, it does not send them.
fn expects_to_send_more_than(most: usize, headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > most) && headers.contains_key(EXPECT)
}

fn too_large() -> ApiError {
    ApiError::rejected(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large")
}

fn too_slow() -> ApiError {
    ApiError::rejected(StatusCode::REQUEST_TIMEOUT, "Request body took too long")
}
