//! `GET /v1/articles`

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use talelio::business::{ArticleList, Listing, Page, PageRequest};
use utoipa::ToSchema;

use super::bodies::{ArticleBody, ListedArticle};
use crate::api::users::UserBody;
use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::pagination::{self, CursorQuery, FieldsQuery, ListParameters, PageQuery};
use crate::response_cache::{CacheableRequest, Representation};

/// Where the list of the whole site is.
const PATH: &str = "/v1/articles";

/// A page of the site's articles.
#[derive(Serialize, ToSchema)]
#[schema(as = SiteList)]
pub(super) struct SiteBody {
    /// The articles of the page, newest first, those of a series in its order.
    #[schema(value_type = Vec<ListedArticle>)]
    articles: Vec<ArticleBody>,
    /// Who wrote them, if one author was asked for who exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    user: Option<UserBody>,
    /// Where the next page begins, if a cursor was asked for; `null` after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Option<String>, example = json!(null))]
    #[expect(clippy::option_option, reason = "none was asked for, or there is none")]
    next_cursor: Option<Option<String>>,
}

/// List the articles of the site
///
/// Those of all authors, the newest first: by page numbers, or by cursors for who reads all of them, which stay right
/// while others publish and delete.
#[utoipa::path(
    get,
    path = "/v1/articles",
    operation_id = "site_articles",
    tag = "articles",
    params(
        PageQuery,
        FieldsQuery,
        CursorQuery,
        ("author" = Option<String>, Query, description = "The name of a user: theirs alone.", example = "ada"),
        (
            "tag" = Option<String>, Query, example = json!(null),
            description = "A tag, or its name in URLs, with `%2B` for `+`: what has that tag. Not together with `author`.",
        ),
        (
            "series" = Option<String>, Query, example = json!(null),
            description = "A series, by its name in URLs: its articles in its order. Not together with `author` or `tag`.",
        ),
        ("year" = Option<String>, Query, description = "Those of a year, in UTC.", pattern = "^[0-9]{4}$", example = "2026"),
    ),
    responses(
        (
            status = 200, description = "The page, which may be empty.", body = SiteBody,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many articles there are on all pages."),
                ("Link" = str, description = "The pages beside this one, `next` and `prev` (RFC 8288), if they have numbers."),
                (
                    "X-Unreadable-Items" = u64,
                    description = "How many articles of the page are left out, as they cannot be read; if any."
                ),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (
            status = 400, body = Envelope,
            description = "`Expected numeric query parameters`, `Expected 'include' to be 'author'`, \
                `Expected 'fields' to name fields of an article, 'x' is none`, `Expected 'page' or 'cursor', not both`, \
                `Expected 'cursor' to be empty or a 'next_cursor'`, `Expected 'author' to be a username`, \
                `Expected 'tag' to be a tag`, `Expected 'series' to be a series`, \
                `Expected only one of 'author', 'tag' and 'series'`, \
                `Expected 'year' to be a year of four digits`",
        ),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let parameters = ListParameters::parse(query.as_deref().unwrap_or_default())?;
    respond(&app, (PATH, &parameters), &parameters.list(), request).await
}

/// The response to a request for the page of a list that its parameters say.
pub(super) async fn respond(
    app: &App,
    (path, parameters): (&str, &ListParameters),
    list: &ArticleList,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let (path, page) = (parameters.path(path), parameters.page);
    let make = async {
        let listing = app.articles.list(list, parameters.year, parameters.reading()).await?;
        let listing = listing.unwrap_or_else(|| nobodys(page.request(10)));
        let changes_at = listing.changes_at;
        let headers = match parameters.cursor {
            Some(_) => pagination::counts(&listing.page),
            None => pagination::headers(&listing.page, &path)?,
        };
        let (body, bytes) = SiteBody::of(listing, parameters, app);
        Representation::json_until(&body, bytes, headers, changes_at).await
    };
    app.response_cache.respond(request, (path.clone(), page), make).await
}

impl SiteBody {
    /// A page as clients see it, and about how many bytes it has.
    pub(super) fn of(listing: Listing, parameters: &ListParameters, app: &App) -> (Self, usize) {
        let Listing { page, author, authors, next, .. } = listing;
        let next_cursor = parameters.cursor.map(|_| next.map(|next| next.to_string()));
        let (articles, bytes) = ArticleBody::listed(page.items, &authors, parameters.fields, &app.articles);
        (Self { articles, user: author.map(Into::into), next_cursor }, bytes)
    }
}

/// What somebody has written who does not exist.
fn nobodys(request: PageRequest) -> Listing {
    let page = Page { items: Vec::new(), total: 0, request, unreadable: 0 };
    Listing { page, author: None, authors: BTreeMap::new(), next: None, changes_at: None }
}
