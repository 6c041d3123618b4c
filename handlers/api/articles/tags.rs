//! What articles are about: `/v1/tags`.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{ArticleError, ArticleList, SiteTag, SiteTags, Slug, Tag};
use utoipa::ToSchema;

use super::site::{self, SiteBody};
use super::values::parsed;
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::json::{JsonBody, json};
use crate::http::pagination::{
    self, CursorQuery, FieldsQuery, ListParameters, PageParameters, PageQuery, X_TOTAL_COUNT,
};
use crate::response_cache::{CacheableRequest, Representation};

/// Where the tags are.
const PATH: &str = "/v1/tags";

/// A tag of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag)]
struct TagBody {
    /// As who used it first has written it, or as it was renamed.
    #[schema(example = "Writing")]
    name: String,
    /// Its name in URLs.
    #[schema(example = "writing")]
    slug: String,
    /// How many published articles have it.
    #[schema(example = 1)]
    articles: u64,
}

/// The tags of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = TagList)]
struct TagsBody {
    /// Those of published articles, by their names in URLs.
    tags: Vec<TagBody>,
    /// Where the next page begins, if there are more tags than are listed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!(null))]
    next_cursor: Option<String>,
}

/// A tag after a change.
#[derive(Serialize, ToSchema)]
#[schema(as = RenamedTag)]
struct RenamedBody {
    tag: TagBody,
}

/// What a tag is to be called.
#[derive(ToSchema)]
#[schema(as = TagName)]
#[expect(dead_code, reason = "documents the key that is read")]
struct NameBody {
    /// 1 to 50 characters, among them a letter or a digit.
    #[schema(max_length = 50, example = "Writing")]
    name: String,
}

impl From<SiteTag> for TagBody {
    fn from(tag: SiteTag) -> Self {
        Self { slug: tag.name.slug().to_string(), name: tag.name.to_string(), articles: tag.articles }
    }
}

/// List the tags
///
/// Those of published articles, with how many there are of each; a thousand at once.
#[utoipa::path(
    get,
    path = "/v1/tags",
    operation_id = "tags",
    tag = "articles",
    params(("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.", example = json!(null))),
    responses(
        (
            status = 200, description = "The tags.", body = TagsBody,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many tags there are, if these are all."),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`Expected 'cursor' to be empty or a 'next_cursor'`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let after = pagination::after(query.as_deref().unwrap_or_default())?;
    let path = after.as_ref().map_or_else(|| PATH.to_owned(), |after| format!("{PATH} {after}"));
    let make = async {
        let SiteTags { tags, changes_at, next } = app.articles.tags(after.as_ref()).await?;
        let (total, bytes) = (tags.len(), tags.len() * size_of::<TagBody>());
        let headers = if after.is_none() && next.is_none() { vec![(X_TOTAL_COUNT, total.into())] } else { Vec::new() };
        let next_cursor = next.map(|next| next.to_string());
        let body = TagsBody { tags: tags.into_iter().map(Into::into).collect(), next_cursor };
        Representation::json_until(&body, bytes, headers, changes_at).await
    };
    app.response_cache.respond(request, (path, PageParameters::default()), make).await
}

/// List the articles with a tag
///
/// The published ones, the newest first. What no article has gives an empty list.
#[utoipa::path(
    get,
    path = "/v1/tags/{tag}/articles",
    operation_id = "tagged_articles",
    tag = "articles",
    params(
        ("tag" = String, Path, description = "A tag, or its name in URLs.", example = "writing"),
        PageQuery,
        FieldsQuery,
        CursorQuery,
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
                `Expected 'cursor' to be empty or a 'next_cursor'`, `Expected 'year' to be a year of four digits`",
        ),
        (status = 404, description = "`Tag not found`", body = Envelope),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
pub(super) async fn articles(
    State(app): State<App>,
    PathParams(tag): PathParams,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let parameters = ListParameters::parse(query.as_deref().unwrap_or_default())?;
    // What they are about, and whose they are, is no question here.
    let parameters = ListParameters { author: None, tag: None, series: None, ..parameters };
    let tag = known(&tag)?;
    let path = format!("{PATH}/{}/articles", tag.percent_encoded());
    site::respond(&app, (&path, &parameters), &ArticleList::Tag(tag), request).await
}

/// Rename a tag
///
/// In all articles, also in what only their authors see, but not in what those said before. Where another tag has that
/// name, the two become one, written like that. The old name is nobody's then, and leads nowhere. A renaming that broke off,
/// or takes longer than 20 seconds, which is answered with 503, goes on when it is asked for again. For the owner of the site, who has its first account.
#[utoipa::path(
    patch,
    path = "/v1/tags/{tag}",
    operation_id = "rename_tag",
    tag = "articles",
    params(("tag" = String, Path, description = "The tag, or its name in URLs.", example = "writing")),
    request_body = NameBody,
    responses(
        (status = 200, description = "The tag of that name.", body = RenamedBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'name' key`, `Expected 'name' to be a string`, \
                `A tag must have a letter or a digit`, `A tag must not be longer than 50 characters`, \
                `A tag must not contain control or bidirectional formatting characters`",
        ),
        (status = 403, description = "`Not the owner of the site`", body = Envelope),
        (status = 404, description = "`Tag not found`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn rename(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(tag): PathParams,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["name"]).await?;
    body.require(&["name"])?;
    let name = body.required("name")?;
    let (tag, name): (_, Tag) = (known(&tag)?, parsed(name)?);
    let tag = app.response_cache.changed_by(app.articles.rename_tag(&session, &tag, &name), |_| true).await?;
    json(StatusCode::OK, &RenamedBody { tag: tag.into() }, 0).await
}

/// The name in URLs of a tag in a path.
fn known(tag: &str) -> Result<Slug, ArticleError> {
    Slug::of_name(tag).ok_or(ArticleError::NoTag)
}
