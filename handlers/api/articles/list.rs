//! `GET /v1/users/{username}/articles`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use talelio::business::{ArticleList, Listing, Pages, Username};
use utoipa::ToSchema;

use super::bodies::{ArticleBody, ListedArticle};
use crate::api::users::UserBody;
use crate::app::App;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::pagination::{self, Fields, FieldsQuery, PageParameters, PageQuery};
use crate::response_cache::{CacheableRequest, Representation};

/// A page of articles; an empty object where there is nothing to show.
#[derive(Serialize, ToSchema)]
#[schema(as = ArticleList)]
struct ArticlesBody {
    /// The articles of the page, newest first.
    #[schema(required = false, value_type = Vec<ListedArticle>)]
    articles: Vec<ArticleBody>,
    /// Who wrote them.
    #[schema(required = false)]
    user: UserBody,
}

/// List the articles of a user
///
/// The newest come first. An unknown user, a user without articles and a page past the end all give an empty object.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/articles",
    operation_id = "articles",
    tag = "articles",
    params(
        ("username" = String, Path, description = "Whose articles.", example = "ada"),
        PageQuery,
        FieldsQuery,
    ),
    responses(
        (
            status = 200, description = "The page.", body = ArticlesBody,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many articles the user has."),
                ("Link" = str, description = "The pages beside this one, `next` and `prev` (RFC 8288)."),
                (
                    "X-Unreadable-Items" = u64,
                    description = "How many articles of the page are left out, as they cannot be read; if any."
                ),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`Expected numeric query parameters`, `Expected 'include' to be 'author'`, \
                `Expected 'fields' to name fields of an article, 'x' is none`", body = Envelope),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    PathParams(username): PathParams,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let query = query.as_deref().unwrap_or_default();
    let (page, fields) = (PageParameters::parse(query)?, Fields::parse(query)?);
    // What nobody can be called has nothing, and one place in the cache that is no path: some of these names are
    // something else in other paths.
    let user = username.parse().ok().filter(|user: &Username| !user.is_reserved());
    let path = user.as_ref().map_or_else(|| " ".to_owned(), |user| format!("/v1/users/{}/articles", user.key()));
    let path = fields.path(&path);
    let make = async {
        let list = user.map(ArticleList::Author);
        let listing = match &list {
            Some(list) => {
                let reading = (Pages::Number(page.request(10)), fields.detail());
                app.articles.list(list, None, reading).await?
            }
            None => None,
        };
        let changes_at = listing.as_ref().and_then(|listing| listing.changes_at);
        match listing {
            Some(Listing { page, author: Some(user), authors, .. })
                if !page.items.is_empty() || page.unreadable > 0 =>
            {
                let headers =
                    pagination::headers(&page, &fields.path(&format!("/v1/users/{}/articles", user.username)))?;
                let (articles, bytes) = ArticleBody::listed(page.items, &authors, fields, &app.articles);
                let body = ArticlesBody { articles, user: user.into() };
                Representation::json_until(&body, bytes, headers, changes_at).await
            }
            _ => Representation::json_until(&json!({}), 2, Vec::new(), changes_at).await,
        }
    };
    app.response_cache.respond(request, (path, page), make).await
}
