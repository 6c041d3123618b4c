//! `GET /v1/articles/{slug}`

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{Adjacent, AdjacentArticles, ArticleError, ArticlePage, SeriesPart, SeriesPlace, Slug};
use utoipa::ToSchema;

use super::bodies::ArticleBody;
use crate::api::users::UserBody;
use crate::app::App;
use crate::http::authentication::Reader;
use crate::http::conditional::{entity_tag, if_none_match};
use crate::http::envelope::{ApiError, Envelope, MovedEnvelope};
use crate::http::extract::{PathParams, parameter};
use crate::http::json::{document, json_document};
use crate::http::pagination::PageParameters;
use crate::response_cache::{CacheableRequest, PREVIEW, Representation};

/// Whether search engines may list a page.
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// What a neighbouring article is linked by.
#[derive(Serialize, ToSchema)]
#[schema(as = AdjacentArticle)]
struct AdjacentBody {
    /// Its title.
    #[schema(example = "Before the first")]
    title: String,
    /// Its name in URLs.
    #[schema(example = "before-the-first")]
    slug: String,
}

impl From<Adjacent> for AdjacentBody {
    fn from(adjacent: Adjacent) -> Self {
        Self { title: adjacent.title, slug: adjacent.slug.to_string() }
    }
}

impl From<SeriesPart> for AdjacentBody {
    fn from(part: SeriesPart) -> Self {
        Self { title: part.title, slug: part.slug.to_string() }
    }
}

/// The articles published just before and just after, over all authors.
#[derive(Serialize, ToSchema)]
#[schema(as = AdjacentArticles)]
struct AdjacentArticlesBody {
    /// The one after; `null` for the newest.
    #[schema(required = true)]
    next: Option<AdjacentBody>,
    /// The one before; `null` for the oldest.
    #[schema(required = true)]
    prev: Option<AdjacentBody>,
}

/// What stands around an article.
#[derive(Serialize, ToSchema)]
#[schema(as = Meta)]
struct MetaBody {
    adjacent_articles: AdjacentArticlesBody,
    /// Where it stands in its series, if it belongs to one and is not unlisted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    series: Option<SeriesPlaceBody>,
}

/// Where an article stands in its series.
#[derive(Serialize, ToSchema)]
#[schema(as = SeriesPlace)]
struct SeriesPlaceBody {
    /// What the series is called.
    #[schema(example = "Learning to write")]
    title: String,
    /// Its name in URLs.
    #[schema(example = "learning-to-write")]
    slug: String,
    /// Which article it is, counted from 1.
    #[schema(example = 1)]
    place: usize,
    /// How many there are.
    #[schema(example = 3)]
    total: usize,
    /// The one after it; `null` for the last.
    #[schema(required = true)]
    next: Option<AdjacentBody>,
    /// The one before it; `null` for the first.
    #[schema(required = true)]
    prev: Option<AdjacentBody>,
}

impl From<SeriesPlace> for SeriesPlaceBody {
    fn from(SeriesPlace { title, slug, place, total, next, prev }: SeriesPlace) -> Self {
        let (title, slug) = (title.to_string(), slug.to_string());
        Self { title, slug, place, total, next: next.map(Into::into), prev: prev.map(Into::into) }
    }
}

/// An article with everything its page shows.
#[derive(Serialize, ToSchema)]
#[schema(as = ArticlePage)]
pub(super) struct ReadBody {
    meta: MetaBody,
    article: ArticleBody,
    user: UserBody,
}

/// Read an article
///
/// With its author, and the articles published just before and just after. Its author sees it also when nobody else
/// does, and is told its version.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}",
    operation_id = "read",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        (
            "preview" = Option<String>, Query, example = json!(null),
            description = "What a preview link has: its article, whatever it is called and whoever may read it, never cached.",
        ),
    ),
    responses(
        (
            status = 200, description = "The article.", body = ReadBody,
            headers(("ETag" = str, description = "For `If-None-Match`; for its author, its version, for `If-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (
            status = 308, description = "`Article moved to 'hello'`: that is its slug by now.", body = MovedEnvelope,
            headers(("Location" = str, description = "Where it is.")),
        ),
        (status = 404, description = "`Article not found`", body = Envelope),
    )
)]
pub(super) async fn read(
    State(app): State<App>,
    Reader(reader): Reader,
    PathParams(slug): PathParams,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // One that is not good any more is none.
    let token = query.and_then(|query| parameter(&query, PREVIEW)?.parse().ok());
    if let Some(token) = token
        && let Some(page) = app.articles.linked_preview(&token).await?
    {
        return uncached(page, &app).await;
    }
    let slug: Slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    if let Some(reader) = reader {
        let page = app.articles.read(&slug, Some(&reader)).await?;
        if page.article.article.head.is_by(&reader) {
            return read_by_author(page, &app, &headers).await;
        }
    }
    let make = async {
        let page = app.articles.read(&slug, None).await?;
        let changes_at = page.changes_at;
        let (body, bytes) = body(page, &app);
        Representation::json_until(&body, bytes, Vec::new(), changes_at).await
    };
    app.response_cache.respond(request, (format!("/v1/articles/{slug}"), PageParameters::default()), make).await
}

/// An article that nobody is to keep or to find.
pub(super) async fn uncached(page: ArticlePage, app: &App) -> Result<Response, ApiError> {
    let (body, bytes) = body(page, app);
    let mut response = json_document(StatusCode::OK, document(&body, bytes).await?);
    let headers = [(CACHE_CONTROL, "private, no-store"), (X_ROBOTS_TAG, "noindex")];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}

/// An article for its author, who is to have the newest.
async fn read_by_author(found: ArticlePage, app: &App, headers: &HeaderMap) -> Result<Response, ApiError> {
    let version = found.article.article.head.version();
    let (body, bytes) = body(found, app);
    let document = document(&body, bytes).await?;
    let tag = entity_tag(version, &document)?;
    let is_known = if_none_match(headers.get_all(IF_NONE_MATCH).iter(), &tag);
    let mut response =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { json_document(StatusCode::OK, document) };
    let private = HeaderValue::from_static("private, no-cache");
    response.headers_mut().extend([(CACHE_CONTROL, private), (ETAG, tag)]);
    Ok(response)
}

fn body(ArticlePage { article: found, series, .. }: ArticlePage, app: &App) -> (ReadBody, usize) {
    let AdjacentArticles { next, prev } = found.adjacent;
    let adjacent_articles = AdjacentArticlesBody { next: next.map(Into::into), prev: prev.map(Into::into) };
    let article = ArticleBody::of(found.article, &app.articles);
    let bytes = article.bytes();
    let meta = MetaBody { adjacent_articles, series: series.map(Into::into) };
    (ReadBody { meta, article, user: found.author.into() }, bytes)
}
