//! `PATCH /v1/articles/{slug}`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use talelio::business::{ArticleError, ArticlePatch, PatchedStatus, Saved};
use utoipa::ToSchema;

use super::bodies::{ChangeResponses, SavedBody};
use super::values::{moment, parsed, series, tags};
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::conditional::{IfMatch, IfMatchHeader};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::json::{JsonBody, JsonObject};

/// What an author makes something else of an article; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ArticlePatch)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct ArticlePatchBody {
    /// As it is made; `null` for none, which a draft may have.
    #[schema(max_length = 500, example = "Hello again, world")]
    title: Option<String>,
    /// Markdown.
    #[schema(example = json!(null))]
    body: Option<String>,
    /// The sentence that search engines show; `null` for none.
    #[schema(max_length = 5_000, example = json!(null))]
    meta_description: Option<String>,
    /// The address of the picture that stands for the article; `null` for none.
    #[schema(max_length = 2_048, example = json!(null))]
    featured_image: Option<String>,
    /// What it is about; `null` for nothing.
    #[schema(max_items = 10, example = json!(null))]
    tags: Option<Vec<String>>,
    /// The series that it belongs to, by its name in URLs; or a title, for one that begins with it, from which that name is made; `null` for none.
    #[schema(max_length = 200, example = json!(null))]
    series: Option<String>,
    /// The name in URLs. That of a draft follows its title until then. The old one leads to the new one for ever.
    #[schema(max_length = 1_024, example = json!(null))]
    slug: Option<String>,
    /// What it is to be: `draft`, `published`, `unlisted`, or `scheduled` with `publish_at`.
    #[schema(pattern = "^(draft|scheduled|published|unlisted)$", example = json!(null))]
    status: Option<String>,
    /// When readers are to see it, at once if that is in the past; `null` makes a draft of what is scheduled.
    #[schema(format = DateTime, example = json!(null))]
    publish_at: Option<String>,
    /// Since when readers see what they see: a date of the past.
    #[schema(format = DateTime, example = json!(null))]
    published_at: Option<String>,
    /// Whether what it was is kept as a revision of its own, also if that was begun in the last ten minutes.
    #[schema(example = json!(null))]
    keep: Option<bool>,
}

/// The keys that an author may change.
const KEYS: [&str; 10] = [
    "title",
    "body",
    "meta_description",
    "featured_image",
    "tags",
    "series",
    "slug",
    "status",
    "publish_at",
    "published_at",
];

/// Change an article
///
/// What is left out stays as it is. With `If-Match`, a version that somebody has changed meanwhile is left alone.
#[utoipa::path(
    patch,
    path = "/v1/articles/{slug}",
    operation_id = "update_article",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"), IfMatchHeader),
    request_body = ArticlePatchBody,
    responses(
        ChangeResponses,
        (
            status = 400, body = Envelope,
            description = "As when an article is made; `Expected one of 'title', 'body', 'meta_description', \
                'featured_image', 'tags', 'series', 'slug', 'status', 'publish_at' and 'published_at'`, `Invalid slug`, \
                `A draft is not published yet, publish it with 'published_at'`, `Expected 'status' or 'publish_at', not both`, \
                `Expected 'status' to be one of draft, published, scheduled and unlisted`, `Expected 'publish_at' key`, \
                `Expected 'keep' to be true or false`",
        ),
        (status = 403, description = "`Not your article`, `Not your series`", body = Envelope),
        (
            status = 409, body = Envelope,
            description = "`A series has at most 100 articles`, `The slug 'hello' is taken`, `The article is deleted, restore it first`, \
                `The article is published, unpublish it first`",
        ),
        (status = 413, description = "`Article too large`, `Request body too large`", body = Envelope),
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(name): PathParams,
    IfMatch(versions): IfMatch,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let keys: Vec<_> = KEYS.into_iter().chain(["keep"]).collect();
    let patch = patch(body.any_object(&keys).await?)?;
    let article = name.parse().map_err(|_| ArticleError::NotFound)?;
    let change = app.articles.patch(&session, &article, patch, &versions);
    let saved = app.response_cache.changed_by(change, |saved: &Saved| saved.is_seen).await?;
    SavedBody::respond(StatusCode::OK, saved, &app.articles).await
}

fn patch(mut body: JsonObject) -> Result<ArticlePatch, ApiError> {
    let keep = body.flag("keep")?;
    if body.is_empty() {
        let [others @ .., last] = KEYS.map(|key| format!("'{key}'"));
        return Err(ApiError::bad_request(format!("Expected one of {} and {last}", others.join(", "))));
    }
    let title = body.nullable("title")?;
    let text = body.nullable("body")?;
    let meta_description = body.nullable("meta_description")?;
    let featured_image = body.nullable("featured_image")?;
    let names = body.strings("tags")?;
    let title_of_series = body.nullable("series")?;
    let (name, publish_at) = (body.optional("slug")?, body.nullable("publish_at")?);
    let published_at = moment("published_at", body.optional("published_at")?)?;
    let status = status(body.optional("status")?.as_deref(), publish_at.as_ref())?;
    if publish_at.is_some() && published_at.is_some() {
        return Err(ApiError::bad_request("Expected 'publish_at' or 'published_at', not both"));
    }
    Ok(ArticlePatch {
        title: title.map(|title| title.filter(|title| !title.is_empty()).map(parsed).transpose()).transpose()?,
        body: text.map(Option::unwrap_or_default),
        meta_description: meta_description.map(|text| parsed(text.unwrap_or_default())).transpose()?,
        featured_image: featured_image.map(|address| address.map(parsed).transpose()).transpose()?,
        tags: names.map(tags).transpose()?,
        series: title_of_series.map(|title| title.as_deref().map(series).transpose()).transpose()?,
        slug: name.map(|name| name.parse().map_err(|_| ArticleError::InvalidSlug)).transpose()?,
        publish_at: publish_at.map(|at| moment("publish_at", at)).transpose()?,
        status,
        published_at,
        keep,
    })
}

/// What an article is to be at once; one that is to be scheduled is so by its time.
fn status(name: Option<&str>, publish_at: Option<&Option<String>>) -> Result<Option<PatchedStatus>, ApiError> {
    let status = match (name, publish_at) {
        (None, _) | (Some("scheduled"), Some(Some(_))) => return Ok(None),
        (Some("scheduled"), _) => return Err(ApiError::bad_request("Expected 'publish_at' key")),
        (Some(_), Some(_)) => return Err(ApiError::bad_request("Expected 'status' or 'publish_at', not both")),
        (Some("draft"), None) => PatchedStatus::Draft,
        (Some("published"), None) => PatchedStatus::Published,
        (Some("unlisted"), None) => PatchedStatus::Unlisted,
        (Some(_), None) => {
            let known = "Expected 'status' to be one of draft, published, scheduled and unlisted";
            return Err(ApiError::bad_request(known));
        }
    };
    Ok(Some(status))
}
