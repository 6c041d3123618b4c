//! Which handler answers which route: the table of contents of the API. The route of
//! a handler stands on it, with all that clients need to know of it.

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LINK};
use http::{HeaderName, Method, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::envelope::ApiError;
use crate::{accounts, articles, body, health, images, observe, openapi, projects, uploads, users};

pub(crate) fn build(app: App) -> Router {
    let cors = cors(&app);
    let (router, document) = routes().split_for_parts();
    router
        .fallback(async || ApiError::refused(StatusCode::NOT_FOUND, "Route not found"))
        .method_not_allowed_fallback(async || ApiError::refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"))
        .layer(Extension(openapi::Documents::of(document, &app.api_base_url)))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(body::take))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
}

/// Every route with its handler, and the document of them all.
fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::frame())
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
        .routes(routes!(openapi::document))
        .routes(routes!(openapi::reference))
}

/// What the routes say of themselves.
#[cfg(test)]
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
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
