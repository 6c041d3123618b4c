//! What an article was before: `/v1/articles/{slug}/revisions`.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use talelio::business::{
    ArticleError, Difference, PageRequest, Revision, RevisionDifference, RevisionName, RevisionWithText, Saved,
};
use utoipa::ToSchema;

use super::bodies::{ChangeResponses, SavedBody, names};
use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::conditional::{IfMatch, IfMatchHeader};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{PathParams, number, parameter};
use crate::http::json::{JsonBody, json};

/// What has twelve digits.
const MAX_NUMBER: u64 = 999_999_999_999;

/// What an article was from one save to the next. Saves within ten minutes count as one.
#[derive(Serialize, ToSchema)]
#[schema(as = Revision)]
struct RevisionBody {
    /// Counted from 1.
    #[schema(example = 2)]
    revision: u64,
    /// When it was begun.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// The name of who saved it.
    #[schema(example = "ada")]
    author: String,
    /// The title.
    #[schema(example = "Hello, world")]
    title: String,
    /// How many words its body has that the one before has not.
    #[schema(example = 12)]
    words_added: u32,
    /// How many words the one before has that it has not.
    #[schema(example = 3)]
    words_removed: u32,
    /// What its author calls it; `null` for most.
    #[schema(required = true, example = json!(null))]
    name: Option<String>,
}

/// Some of the revisions of an article.
#[derive(Serialize, ToSchema)]
#[schema(as = RevisionList)]
struct RevisionsBody {
    /// The newest come first.
    revisions: Vec<RevisionBody>,
    /// Where the next page begins; `null` after the last.
    #[schema(required = true, example = json!(null))]
    next_cursor: Option<String>,
}

/// A revision with everything that the article said.
#[derive(Serialize, ToSchema)]
#[schema(as = WholeRevision)]
struct WholeRevisionBody {
    revision: WholeBody,
}

/// Everything that an article said.
#[derive(Serialize, ToSchema)]
#[schema(as = RevisionWithText)]
struct WholeBody {
    #[serde(flatten)]
    revision: RevisionBody,
    /// The sentence that search engines show.
    meta_description: String,
    /// The picture that stands for it.
    #[schema(required = true, example = json!(null))]
    featured_image: Option<String>,
    /// What it was about.
    #[schema(example = json!(["Writing"]))]
    tags: Vec<String>,
    /// The Markdown.
    #[schema(example = "Because *reading* is not enough.")]
    body: String,
    /// What it was rendered to.
    #[schema(example = "<p>Because <em>reading</em> is not enough.</p>\n")]
    html: String,
}

/// A revision, or how two differ.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RevisionOrDifference)]
#[expect(dead_code, reason = "documents the answers")]
enum RevisionOrDifferenceBody {
    Revision(WholeRevisionBody),
    Difference(DifferenceBody),
}

/// How two revisions differ.
#[derive(Serialize, ToSchema)]
#[schema(as = RevisionDifference)]
struct DifferenceBody {
    title: TextDifferenceBody,
    body: TextDifferenceBody,
}

/// How two texts differ.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
struct TextDifferenceBody {
    /// By lines, as `diff -u` writes it; empty if they are the same.
    #[schema(example = "--- revision 1\n+++ revision 2\n@@ -1 +1 @@\n-Hello\n+Hello, world\n")]
    unified: String,
    /// By words, with `<ins>` and `<del>` around what differs; all else is escaped.
    #[schema(example = "Hello<ins>, world</ins>")]
    html: String,
}

/// What a revision is to be called.
#[derive(ToSchema)]
#[schema(as = RevisionName)]
#[expect(dead_code, reason = "documents the key that is read")]
struct NameBody {
    /// 1 to 100 characters; `null` for no name.
    #[schema(required = true, max_length = 100, example = "Before the rewrite")]
    name: Option<String>,
}

impl From<Revision> for RevisionBody {
    fn from(revision: Revision) -> Self {
        Self {
            revision: revision.number,
            created_at: revision.created_at.to_string(),
            author: revision.author.to_string(),
            title: revision.title,
            words_added: revision.words.added,
            words_removed: revision.words.removed,
            name: revision.name,
        }
    }
}

impl From<Difference> for TextDifferenceBody {
    fn from(Difference { unified, html }: Difference) -> Self {
        Self { unified, html }
    }
}

/// List the revisions of an article
///
/// The newest come first. The newest 200 are kept, and those that have a name.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}/revisions",
    operation_id = "revisions",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        (
            "limit" = Option<u32>, Query, maximum = 2_147_483_647, example = 10,
            description = "How many at once; 0 is 10, and more than 100 is 100.",
        ),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before.", example = json!(null)),
    ),
    responses(
        (status = 200, description = "The revisions.", body = RevisionsBody),
        (
            status = 400, body = Envelope,
            description = "`Expected numeric query parameters`, `Expected 'cursor' to be empty or a 'next_cursor'`",
        ),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`", body = Envelope),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(slug): PathParams,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.as_deref().unwrap_or_default();
    let limit = PageRequest::new(1, number(query, "limit")?).limit();
    let cursor = parameter(query, "cursor").filter(|cursor| !cursor.is_empty()).map(|cursor| number_of(&cursor));
    let refused = || ApiError::bad_request("Expected 'cursor' to be empty or a 'next_cursor'");
    let before = cursor.map(|cursor| cursor.ok_or_else(refused)).transpose()?;
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let (revisions, more) = app.articles.revisions(&session, &slug, before, limit).await?;
    let next_cursor = revisions.last().filter(|_| more).map(|last| last.number.to_string());
    let revisions = revisions.into_iter().map(Into::into).collect();
    json(StatusCode::OK, &RevisionsBody { revisions, next_cursor }, 0).await
}

/// The number of a revision as it is written in an address.
fn number_of(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| (1..=MAX_NUMBER).contains(number) && number.to_string() == text)
}

/// Read a revision, or how two of them differ
///
/// `3` is a revision with its body; `2..3` says how the body and the title of the third differ from the second's.
#[utoipa::path(
    get,
    path = "/v1/articles/{slug}/revisions/{revision}",
    operation_id = "revision",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        (
            "revision" = String, Path, description = "The number of a revision, or two with `..` between them.",
            example = "2", pattern = r"^[1-9][0-9]{0,11}(\.\.[1-9][0-9]{0,11})?$",
        ),
    ),
    responses(
        (status = 200, description = "The revision, or how two differ.", body = RevisionOrDifferenceBody),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`, `Revision not found`", body = Envelope),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams((slug, revision)): PathParams<(String, String)>,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    if let Some((old, new)) = revision.split_once("..") {
        let numbers = number_of(old).zip(number_of(new)).ok_or(ArticleError::NoRevision)?;
        let RevisionDifference { title, body } = app.articles.difference(&session, &slug, numbers).await?;
        let bytes = body.unified.len() + body.html.len();
        return json(StatusCode::OK, &DifferenceBody { title: title.into(), body: body.into() }, bytes).await;
    }
    let number = number_of(&revision).ok_or(ArticleError::NoRevision)?;
    let RevisionWithText { revision, text } = app.articles.revision(&session, &slug, number).await?;
    let bytes = text.body.len() + text.html.len();
    let whole = WholeBody {
        meta_description: revision.meta_description.clone(),
        featured_image: revision.featured_image.clone(),
        tags: names(&revision.tags),
        revision: revision.into(),
        body: text.body,
        html: text.html,
    };
    json(StatusCode::OK, &WholeRevisionBody { revision: whole }, bytes).await
}

/// Restore a revision
///
/// The article says again what it said then, in the state and under the slug that it has. That is a save, too: what it
/// said just before stays among the revisions.
#[utoipa::path(
    post,
    path = "/v1/articles/{slug}/revisions/{revision}/restore",
    operation_id = "restore_revision",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        ("revision" = String, Path, description = "The number of the revision.", example = "2", pattern = "^[1-9][0-9]{0,11}$"),
        IfMatchHeader,
    ),
    responses(
        ChangeResponses,
        (status = 400, description = "`The title must not be empty`", body = Envelope),
        (status = 404, description = "`Article not found`, `Revision not found`", body = Envelope),
        (status = 409, description = "`The article is deleted, restore it first`", body = Envelope),
    )
)]
pub(super) async fn restore(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams((slug, revision)): PathParams<(String, String)>,
    IfMatch(versions): IfMatch,
) -> Result<Response, ApiError> {
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let number = number_of(&revision).ok_or(ArticleError::NoRevision)?;
    let change = app.articles.restore_revision(&session, &slug, number, &versions);
    let saved = app.response_cache.changed_by(change, |saved: &Saved| saved.is_seen).await?;
    SavedBody::respond(StatusCode::OK, saved, &app.articles).await
}

/// Name a revision
///
/// One that has a name is kept.
#[utoipa::path(
    put,
    path = "/v1/articles/{slug}/revisions/{revision}/name",
    operation_id = "name_revision",
    tag = "articles",
    params(
        ("slug" = String, Path, description = "The article's name in URLs.", example = "hello-world"),
        ("revision" = String, Path, description = "The number of the revision.", example = "2", pattern = "^[1-9][0-9]{0,11}$"),
    ),
    request_body = NameBody,
    responses(
        (status = 204, description = "It has the name."),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'name' key`, `Expected 'name' to have 1 to 100 characters`",
        ),
        (status = 403, description = "`Not your article`", body = Envelope),
        (status = 404, description = "`Article not found`, `Revision not found`", body = Envelope),
    )
)]
pub(super) async fn name(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams((slug, revision)): PathParams<(String, String)>,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["name"]).await?;
    body.require(&["name"])?;
    let name = body.optional("name")?.map(|name| name.parse::<RevisionName>());
    let name = name.transpose().map_err(ApiError::bad_request)?;
    let slug = slug.parse().map_err(|_| ArticleError::NotFound)?;
    let number = number_of(&revision).ok_or(ArticleError::NoRevision)?;
    app.articles.name_revision(&session, &slug, number, name.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
