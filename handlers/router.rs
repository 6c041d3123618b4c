//! Which handler answers which route.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LINK};
use http::{HeaderName, Method, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::app::App;
use crate::envelope::ApiError;
use crate::{accounts, articles, body, health, images, observe, projects, users};

pub(crate) fn build(app: App) -> Router {
    let cors = cors(&app);
    Router::new()
        .route("/v1/health", get(health::health))
        .route("/v1/accounts/register", post(accounts::register))
        .route("/v1/accounts/verify/{token}", get(accounts::verify))
        .route("/v1/accounts/login", post(accounts::log_in))
        .route("/v1/accounts/token", post(accounts::renew))
        .route("/v1/accounts/logout", post(accounts::log_out))
        .route("/v1/users/{username}/articles", get(users::articles))
        .route("/v1/users/{username}/projects", get(users::projects))
        .route("/v1/articles", post(articles::publish))
        .route("/v1/articles/{slug}", get(articles::read))
        .route("/v1/projects", post(projects::create))
        .route("/v1/users/me/images", get(images::list))
        .route("/v1/users/{username}/images/{file}", get(images::show).delete(images::remove))
        .route("/v1/assets/images", post(images::upload))
        .route("/v1/assets/images/presign", post(images::presign))
        .route("/v1/assets/images/confirm", post(images::confirm))
        .fallback(async || ApiError::refused(StatusCode::NOT_FOUND, "Route not found"))
        .method_not_allowed_fallback(async || ApiError::refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(body::take))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
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
