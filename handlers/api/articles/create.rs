//! `POST /v1/articles`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{ArticleDraft, NewStatus};
use utoipa::ToSchema;

use super::bodies::SavedBody;
use super::values::{moment, parsed, series, tags};
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::{JsonBody, JsonObject};

/// What an author makes.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = NewArticleOrDraft)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
enum CreateBody {
    Article(NewArticleBody),
    Draft(NewDraftBody),
}

/// What an author writes.
#[derive(Serialize, ToSchema)]
#[schema(as = NewArticle)]
struct NewArticleBody {
    /// Something that can be seen, without control characters and changes of direction.
    #[schema(
        max_length = 500,
        pattern = r"^[^\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]*$",
        example = "Hello, world"
    )]
    title: String,
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = "## Why write\n\nBecause *reading* is not enough.")]
    body: String,
    /// The sentence that search engines show.
    #[schema(max_length = 5_000, pattern = r"^[^\u0000]*$", example = "The first of many")]
    meta_description: String,
    /// The address of the picture that stands for the article: of HTTP or HTTPS, or within the site.
    #[schema(
        max_length = 2_048,
        pattern = r"^(?![\u0001-\u0020]*(?!https?:)[A-Za-z][A-Za-z0-9+.\t\r\n-]*:)[^\u0000]*$",
        example = json!(null),
    )]
    featured_image: Option<String>,
    /// What it is about: at most 10, of which those that differ only in case, accents and punctuation are one; a `+` or `#` behind a letter counts.
    #[schema(max_items = 10, example = json!(["Writing"]))]
    tags: Option<Vec<String>>,
    /// The series that it belongs to, by its name in URLs; or a title, for one that begins with it, from which that name is made.
    #[schema(max_length = 200, example = json!(null))]
    series: Option<String>,
    /// `published` if it is left out, or `scheduled`, or `unlisted`.
    #[schema(pattern = "^(scheduled|published|unlisted)$", example = json!(null))]
    status: Option<String>,
    /// When readers are to see it: it is `scheduled` if that is in the future.
    #[schema(format = DateTime, example = json!(null))]
    publish_at: Option<String>,
    /// Since when it is published, for an old article.
    #[schema(format = DateTime, example = json!(null))]
    published_at: Option<String>,
}

/// What an author begins to write: it needs a title or a body.
#[derive(Serialize, ToSchema)]
#[schema(as = NewDraft)]
struct NewDraftBody {
    /// `draft`.
    #[schema(pattern = "^draft$", example = "draft")]
    status: String,
    /// As that of an article; its slug follows it.
    #[schema(max_length = 500, example = "Hello, world")]
    title: Option<String>,
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = json!(null))]
    body: Option<String>,
    /// The sentence that search engines show.
    #[schema(max_length = 5_000, pattern = r"^[^\u0000]*$", example = json!(null))]
    meta_description: Option<String>,
    /// As that of an article.
    #[schema(max_length = 2_048, example = json!(null))]
    featured_image: Option<String>,
    /// As those of an article.
    #[schema(max_items = 10, example = json!(null))]
    tags: Option<Vec<String>>,
    /// As that of an article.
    #[schema(max_length = 200, example = json!(null))]
    series: Option<String>,
}

/// Make an article
///
/// It is published at once, unless it is to be a draft, unlisted or scheduled. Its slug is made from the title; one
/// that is taken gets `-2`, `-3` and so on.
#[utoipa::path(
    post,
    path = "/v1/articles",
    operation_id = "create_article",
    tag = "articles",
    params(IdempotencyHeader),
    request_body = CreateBody,
    responses(
        (
            status = 201, description = "The article as it was made.", body = SavedBody,
            headers(("ETag" = str, description = "Its version, for `If-Match`.")),
        ),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'title' key`, `Expected 'title' to be a string`, \
                `The title must not be empty`, `The title must not be longer than 500 characters`, \
                `The title must not contain control or bidirectional formatting characters`, \
                `The meta description must not be longer than 5000 characters`, \
                `The address of the featured image must not be longer than 2048 characters`, \
                `The address of the featured image must be one of http or https, or of this site`, \
                `'body' must not contain null bytes`, `The body has too many or too deeply nested elements`, \
                `Expected 'status' to be one of draft, published, scheduled and unlisted`, \
                `Expected 'publish_at' to be a date and time of RFC 3339`, `A draft needs a title or a body`, \
                `Expected 'tags' to be an array of strings`, `A tag must have a letter or a digit`, \
                `A tag must not be longer than 50 characters`, `An article must not have more than 10 tags`, \
                `A tag must not contain control or bidirectional formatting characters`, \
                `The title of a series must have a letter or a digit`, \
                `A draft has no 'published_at'`, `'published_at' must not be in the future, use 'publish_at'`",
        ),
        (status = 403, description = "`Not your series`", body = Envelope),
        (status = 409, description = "`A series has at most 100 articles`", body = Envelope),
        (status = 413, description = "`Article too large`, `Request body too large`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let draft = draft(body.object(&KEYS).await?)?;
    let saved = app.response_cache.invalidated_by(app.articles.create(&session, draft, key)).await?;
    SavedBody::respond(StatusCode::CREATED, saved, &app.articles).await
}

/// The keys that an author may give.
const KEYS: [&str; 9] =
    ["title", "body", "meta_description", "featured_image", "tags", "series", "status", "publish_at", "published_at"];

fn draft(mut body: JsonObject) -> Result<ArticleDraft, ApiError> {
    let status = status(&mut body)?;
    if status == NewStatus::Draft {
        let title = body.optional("title")?.filter(|title| !title.is_empty());
        return Ok(ArticleDraft {
            title: title.map(parsed).transpose()?,
            body: body.optional("body")?.unwrap_or_default(),
            meta_description: parsed(body.optional("meta_description")?.unwrap_or_default())?,
            featured_image: body.optional("featured_image")?.map(parsed).transpose()?,
            tags: tags(body.strings("tags")?.unwrap_or_default())?,
            series: body.optional("series")?.as_deref().map(series).transpose()?,
            status,
        });
    }
    body.require(&["title", "body", "meta_description"])?;
    // What is no text is named before what it says is looked at.
    let [title, text, meta_description] =
        [body.required("title")?, body.required("body")?, body.required("meta_description")?];
    let featured_image = body.optional("featured_image")?;
    Ok(ArticleDraft {
        title: Some(parsed(title)?),
        body: text,
        meta_description: parsed(meta_description)?,
        featured_image: featured_image.map(parsed).transpose()?,
        tags: tags(body.strings("tags")?.unwrap_or_default())?,
        series: body.optional("series")?.as_deref().map(series).transpose()?,
        status,
    })
}

fn status(body: &mut JsonObject) -> Result<NewStatus, ApiError> {
    let publish_at = moment("publish_at", body.optional("publish_at")?)?;
    let published_at = moment("published_at", body.optional("published_at")?)?;
    let (status, refused) = (body.optional("status")?, |reason: &str| Err(ApiError::bad_request(reason)));
    match (status.as_deref(), publish_at, published_at) {
        (_, Some(_), Some(_)) => refused("Expected 'publish_at' or 'published_at', not both"),
        (Some("draft"), None, None) => Ok(NewStatus::Draft),
        (Some("draft"), Some(_), None) => refused("A draft has no 'publish_at', it is 'scheduled' with one"),
        (Some("draft"), None, Some(_)) => refused("A draft has no 'published_at'"),
        (None | Some("published" | "scheduled"), Some(publish_at), None) => Ok(NewStatus::Scheduled { publish_at }),
        (Some("scheduled"), None, _) => refused("Expected 'publish_at' key"),
        (None | Some("published"), None, published_at) => Ok(NewStatus::Published { published_at }),
        (Some("unlisted"), None, published_at) => Ok(NewStatus::Unlisted { published_at }),
        (Some("unlisted"), Some(_), None) => refused("What is unlisted cannot be scheduled"),
        (Some(_), ..) => refused("Expected 'status' to be one of draft, published, scheduled and unlisted"),
    }
}
