//! The Lambda runtime: the same router behind API Gateway (HTTP API and REST
//! API), an Application Load Balancer or a function URL.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{StatusCode, Uri};
use http_body_util::BodyExt;
use http_body_util::Limited;
use lambda_http::request::RequestContext;
use lambda_http::{Adapter, RequestExt, Service, service_fn};
use lambda_runtime::LambdaEvent;
use talelio::business::Jobs;

use crate::app::BoxError;
use crate::http::client_network::{PeerAddress, forwarded_for};
use crate::http::envelope::ApiError;
use crate::http::service::HttpService;
use crate::metrics::CloudWatch;
use crate::runtimes::invocation::{Invocation, Outcome};

/// The most bytes of a response as Lambda takes it, a JSON document around the
/// body: 6 MB (6,291,556 bytes), less what the headers and the frame may need.
const MAX_RESPONSE_BYTES: usize = 6_291_556 - 65_536;

/// Answers events until Lambda ends the process. The schedule and the table's stream run `jobs`.
/// What each has come to is written to `metrics`.
pub(crate) async fn run(service: HttpService, jobs: Arc<Jobs>, metrics: Option<CloudWatch>) -> Result<(), BoxError> {
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Invocation>| {
        let mut http = Adapter::from(service_fn({
            let service = service.clone();
            move |request| answer(service.clone(), request)
        }));
        let jobs = Arc::clone(&jobs);
        async move {
            let outcome = match event.payload {
                // One that failed is invoked again by whatever invoked it.
                Invocation::Jobs => jobs.run_due().await.map(|()| Outcome::Done).map_err(BoxError::from),
                Invocation::Http(request) => {
                    let Ok(response) = http.call(LambdaEvent::new(*request, event.context)).await;
                    Ok(Outcome::Http(response))
                }
            };
            // Lambda may stop the process once it has the answer.
            if let Some(metrics) = metrics {
                metrics.write();
            }
            outcome
        }
    }))
    .await
}

/// Answers the request of an event.
pub(crate) async fn answer(service: HttpService, request: lambda_http::Request) -> Result<Response, Infallible> {
    let peer = peer(&request);
    let Ok(response) = service.call(without_stage(request), peer).await;
    Ok(limited(response).await)
}

/// Whoever sent the request to what invoked this function.
fn peer(request: &lambda_http::Request) -> PeerAddress {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        // A load balancer says it where proxies do, after what the client said.
        _ => return forwarded_for(request.headers()).next().flatten().map_or(PeerAddress::UNKNOWN, PeerAddress),
    };
    address.and_then(|address| address.parse().ok()).map_or(PeerAddress::UNKNOWN, PeerAddress)
}

/// The request on the path that the router knows: API Gateway puts the name of
/// its stage before it, unless that is `$default`.
fn without_stage(request: lambda_http::Request) -> Request {
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.stage.clone(),
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.clone(),
        _ => None,
    };
    let mut request = request.map(Body::new);
    let Some(stage) = stage else { return request };
    let stripped = request.uri().path_and_query().and_then(|path| path.as_str().strip_prefix(&format!("/{stage}/")));
    if let Some(uri) = stripped.and_then(|path| format!("/{path}").parse::<Uri>().ok()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The response, or an error in its place when Lambda could not carry it.
async fn limited(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    match Limited::new(body, MAX_RESPONSE_BYTES).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            let image = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"image/"));
            let text = !image && !parts.headers.contains_key(CONTENT_ENCODING);
            if payload_bytes(&body, text) <= MAX_RESPONSE_BYTES {
                return Response::from_parts(parts, Body::from(body));
            }
        }
        Err(error) => tracing::warn!(error, "response too large for Lambda"),
    }
    let id = parts.headers.get(crate::http::observe::X_REQUEST_ID).cloned();
    let mut rejection =
        ApiError::rejected(StatusCode::PAYLOAD_TOO_LARGE, "Answer too large, ask for a smaller limit").into_response();
    rejection.headers_mut().extend(id.map(|id| (crate::http::observe::X_REQUEST_ID, id)));
    rejection
}

/// How many bytes a body has in the JSON document around it: as a string with
/// its escapes when it is text, in base64 otherwise.
fn payload_bytes(body: &[u8], text: bool) -> usize {
    if !text {
        return body.len().div_ceil(3) * 4;
    }
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    body.iter().map(escaped).sum()
}
