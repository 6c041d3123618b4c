//! What readers will see, for who may see it before them: `/v1/articles/{slug}/preview`, links to
//! that, and `/v1/render`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use talelio::business::{ArticleError, Preview, PreviewLink};
use utoipa::ToSchema;

use super::read::{self, ReadBody};
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::{JsonBody, json};

/// For how long a link is to be good.
#[derive(ToSchema)]
#[schema(as = NewPreviewLink)]
#[expect(dead_code, reason = "documents the key that is read")]
struct DaysBody {
    /// How many days; 7 if it is left out.
    #[schema(minimum = 1, maximum = 365, example = 14)]
    days: Option<u32>,
}

/// A link that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedPreviewLink)]
struct CreatedBody {
    /// What it is known by.
    #[schema(example = "3b8f0d1c5e7a92640b1d2c3e4f506172")]
    id: String,
    /// Where it leads. It is told here and nowhere else.
    #[schema(example = "https://www.talel.io/articles/hello-world?preview=1-0f8fad5bd9cb469fa16570867728950e")]
    url: String,
    /// When it ends.
    #[schema(format = DateTime, example = "2026-03-21T15:09:26Z")]
    expires_at: String,
}

/// A link.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewLink)]
struct LinkBody {
    /// What it is known by.
    #[schema(example = "3b8f0d1c5e7a92640b1d2c3e4f506172")]
    id: String,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// When it ends.
    #[schema(format = DateTime, example = "2026-03-21T15:09:26Z")]
    expires_at: String,
}

/// The links of an article.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewLinks)]
struct LinksBody {
    /// Those that have not ended, the oldest first.
    preview_links: Vec<LinkBody>,
}

/// What is to be rendered.
#[derive(ToSchema)]
#[schema(as = Markdown)]
#[expect(dead_code, reason = "documents the key that is read")]
struct MarkdownBody {
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = "Because *reading* is not enough.")]
    body: String,
}

/// What it was rendered to.
#[derive(Serialize, ToSchema)]
#[schema(as = Rendered)]
struct RenderedBody {
    /// As HTML, safe to be shown.
    #[schema(example = "<p>Because <em>reading</em> is not enough.</p>\n")]
    html: String,
    /// Its headings as nested HTML lists of links.
    #[schema(example = "")]
    table_of_contents: String,
    /// What was left out, a sentence each, as it could run or is not allowed.
    #[schema(example = json!([]))]
    warnings: Vec<String>,
}

impl From<PreviewLink> for LinkBody {
    fn from(PreviewLink { id, created_at, expires_at }: PreviewLink) -> Self {
        Self { id, created_at: created_at.to_string(), expires_at: expires_at.to_string() }
    }
}

/// Preview an article
///
/// As readers will see it: what they do not see yet, as if it was published now.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}/preview",
    operation_id = "preview",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world")),
    responses(
        (status = 200, description = "The article.", body = ReadBody),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`", body = Envelope),
    )
)]
pub(super) async fn preview(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    read::uncached(app.articles.preview(&session, &slug).await?, &app).await
}

/// Make a preview link
///
/// Whoever has it is shown the article, whatever it is called by then, until the link ends, is revoked, or the article is deleted. The
/// site passes its `preview` on to `GET /v1/articles/{slug}`.
#[utoipa::path(
    post,
    path = "/v1/articles/{slug}/preview-links",
    operation_id = "create_preview_link",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        IdempotencyHeader,
    ),
    request_body(content = Option<DaysBody>),
    responses(
        (status = 201, description = "The link.", body = CreatedBody),
        (
            status = 400, body = Envelope,
            description = "`Expected 'days' to be a whole number`, `Expected 'days' to be a whole number from 1 to 365`",
        ),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`, `Preview link not found`", body = Envelope),
        (status = 409, description = "`An article has at most 20 preview links, revoke one`, `The article is deleted, restore it first`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let days = body.object_if_any(&["days"]).await?.number("days")?;
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let days = days.unwrap_or(PreviewLink::DEFAULT_DAYS.into());
    let (link, url) = app.articles.create_preview_link(&session, &slug, days, key).await?;
    let created = CreatedBody { id: link.id, url, expires_at: link.expires_at.to_string() };
    json(StatusCode::CREATED, &created, 0).await
}

/// List the preview links of an article
///
/// Where they lead is not told again.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}/preview-links",
    operation_id = "preview_links",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world")),
    responses(
        (status = 200, description = "The links.", body = LinksBody),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let links = app.articles.preview_links(&session, &slug).await?;
    json(StatusCode::OK, &LinksBody { preview_links: links.into_iter().map(Into::into).collect() }, 0).await
}

/// Revoke a preview link
#[utoipa::path(
    delete,
    path = "/v1/articles/{slug}/preview-links/{id}",
    operation_id = "revoke_preview_link",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        ("id" = String, Path, description = "What the link is known by.", example = "3b8f0d1c5e7a92640b1d2c3e4f506172"),
    ),
    responses(
        (status = 204, description = "It shows nothing any more."),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`, `Preview link not found`", body = Envelope),
    )
)]
pub(super) async fn revoke(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams((slug, id)): PathParams<(String, String)>,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    app.articles.revoke_preview_link(&session, &slug, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Render Markdown
///
/// As an article is, for an editor that shows it while it is written. Nothing is stored.
#[utoipa::path(
    post,
    path = "/v1/render",
    operation_id = "render",
    tag = "articles",
    request_body = MarkdownBody,
    responses(
        (status = 200, description = "What it was rendered to.", body = RenderedBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'body' key`, `Expected 'body' to be a string`, \
                `'body' must not contain null bytes`, `The body has too many or too deeply nested elements`",
        ),
        (status = 413, description = "`Request body too large`", body = Envelope),
    )
)]
pub(super) async fn render(
    State(app): State<App>,
    AuthenticatedUser(_): AuthenticatedUser,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let ([body], []) = body.strings(["body"], []).await?;
    let Preview { html, table_of_contents, warnings } = app.articles.render_preview(body).await?;
    let bytes = html.len() + table_of_contents.len();
    json(StatusCode::OK, &RenderedBody { html, table_of_contents, warnings }, bytes).await
}
