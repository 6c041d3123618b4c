//! Which handler answers which route: the table of contents of the API. The route of
//! a handler stands on it, with all that clients need to know of it.

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::{Extension, Router};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{accounts, articles, health, images, projects, uploads, users};
use crate::app::App;
use crate::http::envelope::ApiError;
use crate::http::{body, observe};
use crate::openapi::{self, Document};
use crate::pages::reference;

/// Every route, and what becomes of requests for no route.
pub(crate) fn build(app: App) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .fallback(async || ApiError::refused(StatusCode::NOT_FOUND, "Route not found"))
        .method_not_allowed_fallback(async || ApiError::refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"))
        .layer(Extension(Document::new(document, &app.api_base_url)))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(body::take))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn(observe::note_route))
        .with_state(app)
}

/// Every route with its handler, and the document of them all.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(health::health))
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::verify))
        .routes(routes!(accounts::log_in))
        .routes(routes!(accounts::renew))
        .routes(routes!(accounts::log_out))
        .routes(routes!(articles::publish))
        .routes(routes!(articles::read))
        .routes(routes!(users::articles))
        .routes(routes!(projects::create))
        .routes(routes!(users::projects))
        .routes(routes!(uploads::upload))
        .routes(routes!(uploads::presign))
        .routes(routes!(uploads::confirm))
        .routes(routes!(images::list))
        .routes(routes!(images::show, images::remove))
        .routes(routes!(super::openapi::document))
        .routes(routes!(reference::reference))
}

/// What the routes say of themselves.
#[cfg(test)]
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
