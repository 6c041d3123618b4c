//! `/`, for whoever opens the address of the API.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::html::html;
use crate::app::App;
use crate::http::conditional::accepts;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is at an address.
#[derive(Serialize, ToSchema)]
#[schema(as = Home)]
struct HomeBody {
    /// The name of the API.
    #[schema(example = "talel.io")]
    name: &'static str,
    /// The version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
    links: LinksBody,
}

/// Where to go from here.
#[derive(Serialize, ToSchema)]
#[schema(as = HomeLinks)]
struct LinksBody {
    /// The documentation, for people.
    #[schema(example = "http://127.0.0.1:8000/docs")]
    documentation: String,
    /// The OpenAPI document, for programs.
    #[schema(example = "http://127.0.0.1:8000/v1/openapi.json")]
    openapi: String,
    /// Whether the server answers.
    #[schema(example = "http://127.0.0.1:8000/v1/health")]
    health: String,
}

/// Find your way
///
/// A page for browsers, whose `Accept` names `text/html`; the same links as JSON for everybody else.
#[utoipa::path(
    get,
    path = "/",
    tag = "operation",
    responses((
        status = 200, description = "What this is, and where to go from here.",
        content((HomeBody = "application/json"), (str = "text/html")),
    ))
)]
pub(super) async fn home(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut response = if accepts(&headers, "text/html") { page() } else { links(&app.api_base_url) };
    // Two representations at one address: caches that do not tell them apart must not try.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    response
}

fn page() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        include_str!("home.html").replace("{style}", include_str!("style.css")).replace("{version}", VERSION)
    });
    html(PAGE.as_str())
}

fn links(api_base_url: &str) -> Response {
    let link = |path: &str| format!("{api_base_url}{path}");
    let links =
        LinksBody { documentation: link("/docs"), openapi: link("/v1/openapi.json"), health: link("/v1/health") };
    Json(HomeBody { name: "talel.io", version: VERSION, links }).into_response()
}
