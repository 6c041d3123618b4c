//! The way of every request, whichever runtime it comes from: into the log, past what
//! is ready, to its handler.
//!
//! What is passed on the way to a ready answer is most of what such an answer costs, so
//! these are functions that call each other, not layers of boxed services, and what a
//! ready answer does not need is boxed: a future is moved around as large as it can get.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LINK};
use http::{HeaderName, Method};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::http::{completion, observe};
use crate::response_cache::Asked;

/// Answers requests. Clones share it.
#[derive(Clone)]
pub(crate) struct Site(Arc<Parts>);

struct Parts {
    app: App,
    cors: CorsLayer,
    router: Router,
}

impl Site {
    /// Sends what is not ready through `router`.
    pub(crate) fn new(app: App, router: Router) -> Self {
        Self(Arc::new(Parts { cors: cors(&app), router, app }))
    }

    pub(crate) async fn answer(self, request: Request) -> Result<Response, Infallible> {
        Ok(completion::see_through(request, |request| self.observed(request)).await)
    }

    async fn observed(self, request: Request) -> Response {
        let show_usage = self.0.app.show_usage;
        observe::observe(show_usage, request, |request| self.across_origins(request)).await
    }

    async fn across_origins(self, request: Request) -> Response {
        let answer = |request| async { Ok::<_, Infallible>(self.ready_or_made(request).await) };
        let Ok(response) = self.0.cors.layer(service_fn(answer)).oneshot(request).await;
        response
    }

    async fn ready_or_made(&self, request: Request) -> Response {
        if let Some(asked) = Asked::of(request.method(), request.uri(), request.headers())
            && let Some(response) = self.0.app.answers.ready(asked).await
        {
            return response;
        }
        let Ok(response) = Box::pin(self.0.router.clone().oneshot(request)).await;
        response
    }
}

/// Browsers of the site may call the API with cookies, those of others may not.
fn cors(app: &App) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(app.cors_origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([LINK, HeaderName::from_static("x-total-count"), HeaderName::from_static("x-request-id")])
}
