//! How S3 is reached: hyper with rustls, and Mozilla's roots compiled in, as
//! DynamoDB is.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use tokio::time::timeout;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// How long S3 may take to begin an answer, once it has the request.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(800);

/// How many bytes are sent or received in a millisecond, at least.
const BYTES_PER_MILLISECOND: usize = 8 << 10;

/// How long `bytes` may take on their way.
pub(super) fn transfer_time(bytes: usize) -> Duration {
    Duration::from_millis((bytes / BYTES_PER_MILLISECOND) as u64)
}

/// Makes the client.
#[derive(Debug)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = TcpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        // The scheme is held to by object_store, which refuses `http` unless told otherwise.
        let https = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https);
        Ok(HttpClient::new(Service(client)))
    }
}

#[derive(Debug)]
struct Service(Client<HttpsConnector<TcpConnector>, HttpRequestBody>);

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let patience = RESPONSE_TIMEOUT + transfer_time(request.body().content_length());
        let response = timeout(patience, self.0.request(request)).await;
        let response = response.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let response = response.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { kind_of(&error) };
            HttpError::new(kind, error)
        })?;
        let body = |body: hyper::body::Incoming| {
            HttpResponseBody::new(body.map_err(|error| HttpError::new(kind_of(&error), error)))
        };
        Ok(response.map(body))
    }
}

/// Whether an error means that the connection broke, after which another may not.
fn kind_of(error: &(dyn Error + 'static)) -> HttpErrorKind {
    let mut error = Some(error);
    while let Some(cause) = error {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
            return if hyper.is_timeout() {
                HttpErrorKind::Timeout
            } else if hyper.is_parse() {
                HttpErrorKind::Decode
            } else {
                HttpErrorKind::Interrupted
            };
        }
        error = cause.source();
    }
    HttpErrorKind::Unknown
}
