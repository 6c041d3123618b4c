//! `POST /v1/articles`

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{ArticleDraft, Publication, Title};
use utoipa::ToSchema;

use super::bodies::ArticleBody;
use crate::api::users::UserBody;
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::{JsonBody, json};

/// What an author writes.
#[derive(ToSchema)]
#[schema(as = NewArticle)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
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
}

/// An article and who wrote it.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedArticle)]
struct CreatedBody {
    article: ArticleBody,
    user: UserBody,
    /// What of the body was left out, a sentence each, as it could run or is not allowed; if there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(null))]
    warnings: Vec<String>,
}

/// Publish an article
///
/// Its slug is made from the title; one that is taken gets `-2`, `-3` and so on.
#[utoipa::path(
    post,
    path = "/v1/articles",
    tag = "articles",
    params(IdempotencyHeader),
    request_body = NewArticleBody,
    responses(
        (status = 201, description = "The article as it was published.", body = CreatedBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'title' key`, `Expected 'title' to be a string`, \
                `The title must not be empty`, `The title must not be longer than 500 characters`, \
                `The title must not contain control or bidirectional formatting characters`, \
                `The meta description must not be longer than 5000 characters`, \
                `The address of the featured image must not be longer than 2048 characters`, \
                `The address of the featured image must be one of http or https, or of this site`, \
                `'body' must not contain null bytes`, `The body has too many or too deeply nested elements`",
        ),
        (status = 413, description = "`Article too large`, `Request body too large`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn publish(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let ([title, text, meta_description], [featured_image]) =
        body.strings(["title", "body", "meta_description"], ["featured_image"]).await?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let meta_description = meta_description.parse().map_err(ApiError::bad_request)?;
    let featured_image = featured_image.map(|address| address.parse()).transpose().map_err(ApiError::bad_request)?;
    let draft = ArticleDraft { title, body: text, meta_description, featured_image };
    let publication = app.articles.publish(&session, draft, key);
    let Publication { published, warnings } = app.response_cache.invalidated_by(publication).await?;
    let article = ArticleBody::of(published.article, &app.articles);
    let bytes = article.bytes();
    json(StatusCode::CREATED, &CreatedBody { article, user: published.author.into(), warnings }, bytes).await
}
