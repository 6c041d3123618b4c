//! `GET /v1/users/me/articles`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use talelio::business::Status;

use super::site::SiteBody;
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::parameter;
use crate::http::json::json;
use crate::http::pagination::{self, CursorQuery, FieldsQuery, ListParameters, PageQuery};

/// Where the list is.
const PATH: &str = "/v1/users/me/articles";

/// List one's own articles
///
/// Those that are something, newest first: drafts by when they were changed, deleted ones by when they were deleted,
/// all others by when they are published.
#[utoipa::path(
    get,
    path = "/v1/users/me/articles",
    operation_id = "own_articles",
    tag = "articles",
    params(
        (
            "status" = Option<String>, Query, example = "draft",
            pattern = "^(draft|scheduled|published|unlisted|deleted)$",
            description = "What they are; `draft` if it is left out.",
        ),
        PageQuery,
        FieldsQuery,
        CursorQuery,
    ),
    responses(
        (
            status = 200, description = "The page, which may be empty.", body = SiteBody,
            headers(
                ("X-Total-Count" = u64, description = "How many articles there are on all pages."),
                ("Link" = str, description = "The pages beside this one, `next` and `prev` (RFC 8288), if they have numbers."),
                (
                    "X-Unreadable-Items" = u64,
                    description = "How many articles of the page are left out, as they cannot be read; if any."
                ),
            ),
        ),
        (
            status = 400, body = Envelope,
            description = "`Expected numeric query parameters`, `Expected 'include' to be 'author'`, \
                `Expected 'fields' to name fields of an article, 'x' is none`, `Expected 'page' or 'cursor', not both`, \
                `Expected 'cursor' to be empty or a 'next_cursor'`, \
                `Expected 'status' to be one of draft, scheduled, published, unlisted and deleted`",
        ),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.as_deref().unwrap_or_default();
    let status = status(query)?;
    // Whose they are, and of which year, is no question here.
    let parameters =
        ListParameters { author: None, tag: None, series: None, year: None, ..ListParameters::parse(query)? };
    let listing = app.articles.own_list(&session, status, parameters.reading()).await?;
    let headers = match parameters.cursor {
        Some(_) => pagination::counts(&listing.page),
        None => pagination::headers(&listing.page, &parameters.path_with(PATH, &format!("status={}", status.name())))?,
    };
    let (body, bytes) = SiteBody::of(listing, &parameters, &app);
    let mut response = json(StatusCode::OK, &body, bytes).await?;
    response.headers_mut().extend(headers);
    Ok(response)
}

fn status(query: &str) -> Result<Status, ApiError> {
    let Some(name) = parameter(query, "status") else { return Ok(Status::Draft) };
    let [others @ .., last] = Status::ALL.map(Status::name);
    let refused = || ApiError::bad_request(format!("Expected 'status' to be one of {} and {last}", others.join(", ")));
    Status::ALL.into_iter().find(|status| status.name() == name).ok_or_else(refused)
}
