//! How the body of a request comes in.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Body as _, Frame};
use talelio::business::{MAX_IMAGE_BYTES, MAX_IMAGES};
use tokio::time::timeout;

use crate::http::envelope::ApiError;

/// The most bytes of a request body.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The route whose body is handed on as it comes, and is an upload.
const STREAMED: &str = "/v1/assets/images";

/// The most bytes of an upload: its images, and what stands around them.
const MAX_UPLOAD_BYTES: usize = MAX_IMAGES * MAX_IMAGE_BYTES + MAX_BODY_BYTES;

/// How many bytes of a body that is too large are read and dropped, so that a
/// client which sends before it listens still gets its answer.
const MAX_DRAINED_BYTES: usize = 256 << 20;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an upload may take: 41 MiB at a megabit a second.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(345);

/// Takes the body of every request off its connection, whether the handler wants it
/// or not: the connection is only good for the next request, and for the answer to
/// this one, once that is done.
pub(crate) async fn receive(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let streamed = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == STREAMED);
    let answer = if streamed { stream(request, next).await } else { read(request, next).await };
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// Reads the whole body before the handler runs.
async fn read(request: Request, next: Next) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = timeout(BODY_TIMEOUT, collect(&parts.headers, body)).await.map_err(|_| too_slow())??;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// Hands the body to the handler as it comes, and drops what that leaves of it.
async fn stream(request: Request, next: Next) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    if expects_to_send_more_than(&parts.headers, MAX_UPLOAD_BYTES) {
        return Err(too_large());
    }
    let (sender, channel) = Channel::new(1);
    let feeding = timeout(UPLOAD_TIMEOUT, feed(body, sender));
    let (fed, answer) = tokio::join!(feeding, next.run(Request::from_parts(parts, Body::new(channel))));
    // A handler that did not get all of the body cannot say why.
    fed.map_err(|_| too_slow())?.map(|()| answer)
}

/// Sends a body on as long as it is listened to and within the limit, and reads it
/// to its end.
async fn feed(mut body: Body, sender: Sender<Bytes, axum::Error>) -> Result<(), ApiError> {
    let mut sender = Some(sender);
    let mut length = 0;
    let mut fed = Ok(());
    while let Some(frame) = body.frame().await {
        let data = match frame.map(Frame::into_data) {
            Ok(Ok(data)) => data,
            Ok(Err(_)) => continue,
            Err(error) => {
                if let Some(sender) = sender.take() {
                    sender.abort(error);
                }
                break;
            }
        };
        length += data.len();
        if length > MAX_DRAINED_BYTES {
            break;
        }
        let Some(listener) = &mut sender else { continue };
        if length > MAX_UPLOAD_BYTES {
            fed = Err(too_large());
            sender = None;
        } else if listener.send_data(data).await.is_err() {
            sender = None;
        }
    }
    fed
}

async fn collect(headers: &HeaderMap, mut body: Body) -> Result<Bytes, ApiError> {
    if expects_to_send_more_than(headers, MAX_BODY_BYTES) {
        return Err(too_large());
    }
    let mut collected = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("Request body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY_BYTES {
            collected.extend_from_slice(&data);
        } else if length > MAX_DRAINED_BYTES {
            break;
        } else {
            collected = Vec::new();
        }
    }
    if length > MAX_BODY_BYTES { Err(too_large()) } else { Ok(collected.into()) }
}

/// Whether a client says that it will send more than `most` bytes and waits for a
/// word before it does. Refused, it does not send them.
fn expects_to_send_more_than(headers: &HeaderMap, most: usize) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > most) && headers.contains_key(EXPECT)
}

fn too_large() -> ApiError {
    ApiError::rejected(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large")
}

fn too_slow() -> ApiError {
    ApiError::rejected(StatusCode::REQUEST_TIMEOUT, "Request body took too long")
}
