//! The way of every request, whichever runtime it comes from:
//!
//! ```text
//! completion ─► observe ─► CORS ─► body ─► response cache ─► router ─► handler
//! ```
//!
//! What is passed on the way to a cached response is most of what such a response costs, so
//! these are functions that call each other, not layers of boxed services, and what a
//! cached response does not need is boxed: a future is moved around as large as it can get.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, RETRY_AFTER,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use talelio::business::memory::{self, MemoryBudget, MemoryPermit};
use tokio_util::task::TaskTracker;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::http::client_network::{ClientNetwork, PeerAddress};
use crate::http::envelope::ApiError;
use crate::http::idempotency::IDEMPOTENCY_KEY;
use crate::http::observe::X_REQUEST_ID;
use crate::http::pagination::{X_TOTAL_COUNT, X_UNREADABLE_ITEMS};
use crate::http::sent_share::counted;
use crate::http::{body, completion, observe};
use crate::response_cache::CacheableRequest;

/// The service that answers every request. Clones share it.
#[derive(Clone)]
pub(crate) struct HttpService(Arc<Inner>);

struct Inner {
    app: App,
    cors: CorsLayer,
    router: Router,
    /// Requests that are carried to their end.
    tasks: TaskTracker,
}

impl HttpService {
    /// Sends what is not cached through `router`.
    pub(crate) fn new(app: App, router: Router) -> Self {
        Self(Arc::new(Inner { cors: cors(&app), router, app, tasks: TaskTracker::new() }))
    }

    /// Answers a request that `peer` sent.
    pub(crate) async fn call(self, request: Request, peer: PeerAddress) -> Result<Response, Infallible> {
        let tasks = self.0.tasks.clone();
        Ok(completion::run_to_completion(&tasks, request, move |request| self.observed(request, peer)).await)
    }

    /// Holds what a request of `peer` takes in any case, until its response is sent. Otherwise the
    /// response to a request that is one too many.
    pub(crate) fn admit(&self, headers: &HeaderMap, peer: PeerAddress) -> Result<MemoryPermit, ApiError> {
        let ClientNetwork(network) = ClientNetwork::new(peer, headers, &self.0.app.trusted_proxies);
        Ok(memory::admit(&self.0.app.memory, network)?)
    }

    /// Answers a request that is not admitted.
    pub(crate) async fn refuse(self, request: Request, error: ApiError) -> Response {
        let refused = |_| async { error.into_response() };
        observe::observe(self.0.app.report_consumed_capacity, request, refused).await
    }

    /// What all requests together may hold.
    pub(crate) fn memory(&self) -> &MemoryBudget {
        &self.0.app.memory
    }

    /// Waits for the requests whose clients went away.
    pub(crate) async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn observed(self, request: Request, peer: PeerAddress) -> Response {
        let report_consumed_capacity = self.0.app.report_consumed_capacity;
        observe::observe(report_consumed_capacity, request, move |request| self.with_cors(request, peer)).await
    }

    async fn with_cors(self, request: Request, peer: PeerAddress) -> Response {
        let mut allowed = None;
        if request.method() == Method::OPTIONS {
            let response = self.options(request.uri().clone()).await;
            if response.status() == StatusCode::NOT_FOUND {
                return response;
            }
            allowed = response.headers().get(ALLOW).cloned();
        }
        let answer = |request| async { Ok::<_, Infallible>(self.received(request, peer).await) };
        let Ok(mut response) = self.0.cors.layer(service_fn(answer)).oneshot(request).await;
        response.headers_mut().extend(allowed.map(|methods| (ALLOW, methods)));
        response
    }

    /// What the router says to `OPTIONS`: what else may be asked of a route, or that there is none.
    async fn options(&self, uri: Uri) -> Response {
        let mut probe = Request::new(Body::empty());
        (*probe.method_mut(), *probe.uri_mut()) = (Method::OPTIONS, uri);
        let Ok(response) = Box::pin(self.0.router.clone().oneshot(probe)).await;
        response
    }

    async fn received(&self, request: Request, peer: PeerAddress) -> Response {
        body::receive(request, move |request| self.cached_or_routed(request, peer)).await
    }

    async fn cached_or_routed(&self, mut request: Request, peer: PeerAddress) -> Response {
        let memory = &self.0.app.memory;
        let network = ClientNetwork::new(peer, request.headers(), &self.0.app.trusted_proxies);
        // Whoever has a token may be the author, who sees more.
        if !request.headers().contains_key(AUTHORIZATION)
            && let Some(cacheable) = CacheableRequest::new(request.method(), request.uri(), request.headers())
            && let Some(response) = self.0.app.response_cache.get(cacheable).await
        {
            return counted(response, memory, network.0, false);
        }
        request.extensions_mut().insert(network);
        let was_changed = !request.method().is_safe();
        let is_private = request.headers().contains_key(AUTHORIZATION) || request.uri().path().starts_with(ACCOUNTS);
        let answering = Box::pin(self.0.router.clone().oneshot(request));
        let Ok(mut response) = memory::scope(memory, network.0, answering).await;
        if is_private {
            response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        }
        counted(response, memory, network.0, was_changed)
    }
}

/// The routes whose responses have secrets in them.
const ACCOUNTS: &str = "/v1/accounts/";

/// Browsers of the site may call the API with cookies, those of others may not.
fn cors(app: &App) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(app.cors_origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH])
        .expose_headers([ETAG, LINK, RETRY_AFTER, X_TOTAL_COUNT, X_UNREADABLE_ITEMS, X_REQUEST_ID])
}
