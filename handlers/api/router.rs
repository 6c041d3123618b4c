//! Who may call what: the table of contents of the API. The route of a handler stands on
//! it, with all that clients need to know of it.

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Extension, Router};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{accounts, articles, health, images, openapi, projects, users};
use crate::app::App;
use crate::http::authentication::require_user;
use crate::http::envelope::ApiError;
use crate::http::observe;
use crate::openapi::Document;
use crate::pages;

/// What anybody may call.
fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(accounts::public())
        .merge(articles::public())
        .merge(projects::public())
        .merge(users::public())
        .merge(images::public())
        .merge(health::public())
        .merge(openapi::public())
        .merge(pages::public())
}

/// What users may call, with an access token.
fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(accounts::author())
        .merge(articles::author())
        .merge(projects::author())
        .merge(users::author())
        .merge(images::author())
}

/// Every route behind the guard of its group, and what becomes of requests for no route.
pub(crate) fn build(app: App) -> Router {
    let (public, public_paths) = public().split_for_parts();
    let (author, author_paths) = author().split_for_parts();
    let document = Document::new(describe(public_paths, author_paths), &app.api_base_url);
    public
        .merge(author.route_layer(from_fn_with_state(app.clone(), require_user)))
        .fallback(async || ApiError::rejected(StatusCode::NOT_FOUND, "Route not found"))
        .method_not_allowed_fallback(async || ApiError::rejected(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"))
        .layer(Extension(document))
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(from_fn(observe::record_route))
        .with_state(app)
}

/// What the routes say of themselves, with what their group asks of callers.
fn describe(public: OpenApi, author: OpenApi) -> OpenApi {
    crate::openapi::describe([(public, None), (author, Some("access_token"))])
}

/// The document without a server around it.
#[cfg(test)]
pub(crate) fn document() -> OpenApi {
    describe(public().into_openapi(), author().into_openapi())
}
