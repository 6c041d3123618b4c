//! Articles that belong together: `/v1/series`.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{AllSeries, ArticleError, Series, SeriesPart, SeriesPatch, Slug};
use utoipa::ToSchema;

use super::values::series;
use crate::app::App;
use crate::http::authentication::{AuthenticatedUser, Reader};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::json::{JsonBody, json};
use crate::http::pagination::{self, PageParameters, X_TOTAL_COUNT};
use crate::response_cache::{CacheableRequest, Representation};

/// Where the series are.
const PATH: &str = "/v1/series";

/// What is for who has a token alone.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A series of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedSeries)]
struct ListedBody {
    /// What it is called.
    #[schema(example = "Learning to write")]
    title: String,
    /// Its name in URLs, which stays.
    #[schema(example = "learning-to-write")]
    slug: String,
    /// Whose it is.
    #[schema(example = "ada")]
    author: String,
    /// How many published articles it has.
    #[schema(example = 3)]
    articles: usize,
}

/// The series of the site.
#[derive(Serialize, ToSchema)]
#[schema(as = SeriesList)]
struct AllBody {
    /// Those of published articles, by their names in URLs.
    series: Vec<ListedBody>,
    /// Where the next page begins, if there are more series than are listed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = json!(null))]
    next_cursor: Option<String>,
}

/// A series with its articles.
#[derive(Serialize, ToSchema)]
#[schema(as = WholeSeries)]
struct WholeBody {
    series: SeriesBody,
}

/// A series.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
struct SeriesBody {
    /// What it is called.
    #[schema(example = "Learning to write")]
    title: String,
    /// Its name in URLs, which stays.
    #[schema(example = "learning-to-write")]
    slug: String,
    /// Whose it is.
    #[schema(example = "ada")]
    author: String,
    /// Its articles, in order: the published ones, and for its author all.
    articles: Vec<PartBody>,
}

/// An article of a series.
#[derive(Serialize, ToSchema)]
#[schema(as = SeriesArticle)]
struct PartBody {
    /// Its title.
    #[schema(example = "Hello, world")]
    title: String,
    /// Its name in URLs.
    #[schema(example = "hello-world")]
    slug: String,
    /// Since when lists have it, or will; `null` for what they do not have.
    #[schema(required = true, format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    published_at: Option<String>,
}

/// What a series becomes; what is left out stays.
#[derive(ToSchema)]
#[schema(as = SeriesPatch)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct PatchBody {
    /// What it is called: 1 to 200 characters, among them a letter or a digit.
    #[schema(max_length = 200, example = "Learning to write well")]
    title: Option<String>,
    /// Its articles in their new order, by their names in URLs; those that are not named follow as they did.
    #[schema(max_items = 100, example = json!(null))]
    articles: Option<Vec<String>>,
}

impl From<&SeriesPart> for PartBody {
    fn from(part: &SeriesPart) -> Self {
        let published_at = part.published_at.map(|published_at| published_at.to_string());
        Self { title: part.title.clone(), slug: part.slug.to_string(), published_at }
    }
}

impl AllBody {
    /// A page, and how many there are if that is all.
    fn of(all: AllSeries, after: Option<&Slug>, app: &App) -> (Self, Vec<(HeaderName, HeaderValue)>) {
        let AllSeries { series: all, next, .. } = all;
        let (now, total) = (app.articles.now(), all.len());
        let listed = all.into_iter().map(|series| ListedBody {
            articles: series.visible(now).count(),
            title: series.title.to_string(),
            slug: series.slug.to_string(),
            author: series.author.username.to_string(),
        });
        let is_all = after.is_none() && next.is_none();
        let headers = if is_all { vec![(X_TOTAL_COUNT, total.into())] } else { Vec::new() };
        (Self { series: listed.collect(), next_cursor: next.map(|next| next.to_string()) }, headers)
    }
}

impl WholeBody {
    fn of<'s>(series: &'s Series, articles: impl Iterator<Item = &'s SeriesPart>) -> Self {
        let (title, slug, author) =
            (series.title.to_string(), series.slug.to_string(), series.author.username.to_string());
        Self { series: SeriesBody { title, slug, author, articles: articles.map(Into::into).collect() } }
    }
}

/// List the series
///
/// Those of published articles, and for who has a token all of their own. A series begins with the first article that names it as its `series`, and ends with the
/// last.
#[utoipa::path(
    get,
    path = "/v1/series",
    operation_id = "all_series",
    tag = "articles",
    params(("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.", example = json!(null))),
    responses(
        (
            status = 200, description = "The series.", body = AllBody,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many series there are, if these are all."),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`Expected 'cursor' to be empty or a 'next_cursor'`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Reader(reader): Reader,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let after = pagination::after(query.as_deref().unwrap_or_default())?;
    if let Some(reader) = reader {
        let all = app.articles.all_series(Some(&reader), after.as_ref()).await?;
        let (body, headers) = AllBody::of(all, after.as_ref(), &app);
        let mut response = json(StatusCode::OK, &body, 0).await?;
        response.headers_mut().extend(headers.into_iter().chain([(CACHE_CONTROL, PRIVATE)]));
        return Ok(response);
    }
    let path = after.as_ref().map_or_else(|| PATH.to_owned(), |after| format!("{PATH} {after}"));
    let make = async {
        let all = app.articles.all_series(None, after.as_ref()).await?;
        let (changes_at, bytes) = (all.changes_at, all.series.len() * size_of::<ListedBody>());
        let (body, headers) = AllBody::of(all, after.as_ref(), &app);
        Representation::json_until(&body, bytes, headers, changes_at).await
    };
    app.response_cache.respond(request, (path, PageParameters::default()), make).await
}

/// Read a series
///
/// What its published articles are linked by, in order; its author is told of all. The articles themselves are in
/// `GET /v1/articles?series=`.
#[utoipa::path(
    get,
    path = "/v1/series/{series}",
    operation_id = "series",
    tag = "articles",
    params(("series" = String, Path, description = "The name of the series in URLs.", example = "learning-to-write")),
    responses(
        (
            status = 200, description = "The series.", body = WholeBody,
            headers(("ETag" = str, description = "For `If-None-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 404, description = "`Series not found`", body = Envelope),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Reader(reader): Reader,
    PathParams(slug): PathParams,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let slug = known(&slug)?;
    if let Some(reader) = reader {
        let series = app.articles.series(&slug, Some(&reader)).await?;
        if series.author.id == reader.user_id {
            let mut response = json(StatusCode::OK, &WholeBody::of(&series, series.parts.iter()), 0).await?;
            response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
            return Ok(response);
        }
    }
    let path = format!("{PATH}/{}", slug.percent_encoded());
    let make = async {
        let (series, now) = (app.articles.series(&slug, None).await?, app.articles.now());
        let body = WholeBody::of(&series, series.visible(now));
        Representation::json_until(&body, 0, Vec::new(), series.changes_at(now)).await
    };
    app.response_cache.respond(request, (path, PageParameters::default()), make).await
}

/// Change a series
///
/// Its title or the order of its articles. An article comes into a series, or goes from it, by its own `series`.
#[utoipa::path(
    patch,
    path = "/v1/series/{series}",
    operation_id = "update_series",
    tag = "articles",
    params(("series" = String, Path, description = "The name of the series in URLs.", example = "learning-to-write")),
    request_body = PatchBody,
    responses(
        (status = 200, description = "The series as it is then.", body = WholeBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected one of 'title' and 'articles'`, \
                `Expected 'articles' to be an array of strings`, `'hello' is not in the series`, \
                `The title of a series must have a letter or a digit`, \
                `The title of a series must not be longer than 200 characters`, \
                `The title of a series must not contain control or bidirectional formatting characters`",
        ),
        (status = 403, description = "`Not your series`", body = Envelope),
        (status = 404, description = "`Series not found`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["title", "articles"]).await?;
    if body.is_empty() {
        return Err(ApiError::bad_request("Expected one of 'title' and 'articles'"));
    }
    let articles = body.strings("articles")?;
    let articles = articles
        .map(|slugs| slugs.into_iter().map(|slug| slug.parse().map_err(|_| ArticleError::NotInSeries(slug))).collect());
    let patch = SeriesPatch {
        title: body.optional("title")?.as_deref().map(series).transpose()?,
        articles: articles.transpose()?,
    };
    let slug = known(&slug)?;
    let change = app.articles.change_series(&session, &slug, &patch);
    let series = app.response_cache.changed_by(change, |_| true).await?;
    json(StatusCode::OK, &WholeBody::of(&series, series.parts.iter()), 0).await
}

/// The name in URLs of a series in a path.
fn known(series: &str) -> Result<Slug, ArticleError> {
    Slug::of_name(series).ok_or(ArticleError::NoSeries)
}
