//! What is done with an article as a whole: `POST /v1/articles/{slug}/publish`, `/unpublish` and
//! `/restore`, and `DELETE /v1/articles/{slug}`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use talelio::business::{ArticleError, Saved, Session, Verb, Versions};
use utoipa::ToSchema;

use super::bodies::{ChangeResponses, SavedBody};
use super::values::moment;
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::conditional::{IfMatch, IfMatchHeader};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::json::JsonBody;

/// How an article is published.
#[derive(ToSchema)]
#[schema(as = Publication)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct PublicationBody {
    /// Since when it is published: a date of the past, for an old article.
    #[schema(format = DateTime, example = json!(null))]
    published_at: Option<String>,
}

/// Publish an article
///
/// At once: a draft, and one that is scheduled or unlisted. One that is published stays as it is.
#[utoipa::path(
    post,
    path = "/v1/articles/{slug}/publish",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"), IfMatchHeader),
    request_body(content = Option<PublicationBody>),
    responses(
        ChangeResponses,
        (
            status = 400, body = Envelope,
            description = "`The title must not be empty`, `To schedule an article, change its 'publish_at'`, \
                `To make something else of an article, change its 'status'`, \
                `'published_at' must not be in the future, use 'publish_at'`",
        ),
        (status = 409, description = "`The article is deleted, restore it first`", body = Envelope),
    )
)]
pub(super) async fn publish(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    IfMatch(versions): IfMatch,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.object_if_any(&["published_at", "publish_at", "status"]).await?;
    if body.optional("publish_at")?.is_some() {
        // Who means a time to come does not mean at once.
        return Err(ApiError::bad_request("To schedule an article, change its 'publish_at'"));
    }
    if body.optional("status")?.is_some_and(|status| status != "published") {
        return Err(ApiError::bad_request("To make something else of an article, change its 'status'"));
    }
    let published_at = moment("published_at", body.optional("published_at")?)?;
    apply(&app, &session, &slug, Verb::Publish { published_at }, &versions).await
}

/// Unpublish an article
///
/// It becomes a draft, under the address that it has. One that is scheduled is not published any more.
#[utoipa::path(
    post,
    path = "/v1/articles/{slug}/unpublish",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"), IfMatchHeader),
    responses(
        ChangeResponses,
        (status = 409, description = "`The article is deleted, restore it first`", body = Envelope),
    )
)]
pub(super) async fn unpublish(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    IfMatch(versions): IfMatch,
) -> Result<Response, ApiError> {
    apply(&app, &session, &slug, Verb::Unpublish, &versions).await
}

/// Delete an article
///
/// Nobody but its author sees it any more, who may restore it for 30 days. Then it is gone for good.
#[utoipa::path(
    delete,
    path = "/v1/articles/{slug}",
    operation_id = "delete_article",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"), IfMatchHeader),
    responses(
        ChangeResponses,
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    IfMatch(versions): IfMatch,
) -> Result<Response, ApiError> {
    apply(&app, &session, &slug, Verb::Delete, &versions).await
}

/// Restore a deleted article
///
/// It is what it was before. One that would have been published meanwhile is a draft.
#[utoipa::path(
    post,
    path = "/v1/articles/{slug}/restore",
    tag = "articles",
    params(("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"), IfMatchHeader),
    responses(
        ChangeResponses,
    )
)]
pub(super) async fn restore(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    IfMatch(versions): IfMatch,
) -> Result<Response, ApiError> {
    apply(&app, &session, &slug, Verb::Restore, &versions).await
}

async fn apply(
    app: &App,
    session: &Session,
    slug: &str,
    verb: Verb,
    versions: &Versions,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let change = app.articles.apply(session, &slug, verb, versions);
    let saved = app.response_cache.changed_by(change, |saved: &Saved| saved.is_seen).await?;
    SavedBody::respond(StatusCode::OK, saved, &app.articles).await
}
