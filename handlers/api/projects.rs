//! Projects: what an author has made.

use axum::extract::{RawQuery, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{CreatedProject, MAX_LIMIT, Project, ProjectError, ProjectPatch, Title, Username};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::authentication::{AuthenticatedUser, Reader};
use crate::http::body::{BodyPolicy, allow};
use crate::http::conditional::{IfMatch, IfMatchHeader, entity_tag};
use crate::http::envelope::{ApiError, Envelope, OtherVersionEnvelope};
use crate::http::extract::PathParams;
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::{JsonBody, document, json, json_document};
use crate::http::pagination::{self, PageParameters};
use crate::response_cache::{CacheableRequest, Representation};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

pub(super) fn author() -> OpenApiRouter<App> {
    let router = OpenApiRouter::new().routes(routes!(create)).routes(routes!(update, remove)).routes(routes!(order));
    router.route_layer(from_fn_with_state(BodyPolicy::TEXT, allow))
}

/// A project.
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
struct ProjectBody {
    /// Given when it is made, never reused.
    #[schema(example = 1)]
    id: u64,
    /// Whose it is.
    #[schema(example = 1)]
    user_id: u64,
    /// When it was made.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    updated_at: String,
    /// The title.
    #[schema(example = "Engine")]
    title: String,
    /// The Markdown that its author wrote.
    #[schema(example = "An *analytical* one.")]
    body: String,
    /// The body as HTML, safe to be shown.
    #[schema(example = "<p>An <em>analytical</em> one.</p>\n")]
    html: String,
    /// What of the body was left out, a sentence each, as it could run or is not allowed: in the answer
    /// to whoever makes the project, if there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(null))]
    warnings: Vec<String>,
}

/// What an author has made.
#[derive(ToSchema)]
#[schema(as = NewProject)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct NewProjectBody {
    /// Something that can be seen, without control characters and changes of direction.
    #[schema(
        max_length = 500,
        pattern = r"^[^\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb][^\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069]*$",
        example = "Engine"
    )]
    title: String,
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = "An *analytical* one.")]
    body: String,
}

/// What an author makes something else of a project; what is left out stays.
#[derive(ToSchema)]
#[schema(as = ProjectPatch)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct ProjectPatchBody {
    /// As it is made.
    #[schema(max_length = 500, example = "Difference engine")]
    title: Option<String>,
    /// Markdown.
    #[schema(example = json!(null))]
    body: Option<String>,
}

/// Which projects come first.
#[derive(ToSchema)]
#[schema(as = ProjectOrder)]
#[expect(dead_code, reason = "documents the key that is read")]
struct OrderBody {
    /// The numbers of projects of one's own, in order; those that are not named follow as they did.
    #[schema(example = json!([2, 1]))]
    projects: Vec<u64>,
}

impl ProjectBody {
    /// About how many bytes it has as JSON.
    fn bytes(&self) -> usize {
        self.body.len() + self.html.len()
    }
}

impl From<Project> for ProjectBody {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            user_id: project.user_id,
            created_at: project.created_at.to_string(),
            updated_at: project.updated_at.to_string(),
            title: project.title,
            body: project.body,
            html: project.html,
            warnings: Vec::new(),
        }
    }
}

/// Make a project
#[utoipa::path(
    post,
    path = "/v1/projects",
    tag = "projects",
    params(IdempotencyHeader),
    request_body = NewProjectBody,
    responses(
        (status = 201, description = "The project as it was made.", body = ProjectBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'title' key`, `Expected 'title' to be a string`, \
                `The title must not be empty`, `The title must not be longer than 500 characters`, \
                `'body' must not contain null bytes`, `The body has too many or too deeply nested elements`",
        ),
        (status = 404, description = "`Project not found`: what a request of the same name made is deleted by now.", body = Envelope),
        (status = 413, description = "`Project too large`, `Request body too large`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn create(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let ([title, text], []) = body.strings(["title", "body"], []).await?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let creation = app.projects.create(&session, title, text, key);
    let CreatedProject { project, warnings } = app.response_cache.invalidated_by(creation).await?;
    let project = ProjectBody { warnings, ..project.into() };
    json(StatusCode::CREATED, &project, project.bytes()).await
}

/// Read a project
///
/// Its author is told its version.
#[utoipa::path(
    get,
    path = "/v1/projects/{id}",
    operation_id = "project",
    tag = "projects",
    params(("id" = u64, Path, description = "Its number.", example = 1)),
    responses(
        (
            status = 200, description = "The project.", body = ProjectBody,
            headers(("ETag" = str, description = "For `If-None-Match`; for its author, begins with its version, for `If-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 404, description = "`Project not found`", body = Envelope),
    )
)]
async fn read(
    State(app): State<App>,
    Reader(reader): Reader,
    PathParams(id): PathParams,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let id = numbered(&id)?;
    if let Some(reader) = reader {
        let (project, _) = app.projects.read(id).await?;
        if project.user_id == reader.user_id {
            return for_author(CreatedProject { project, warnings: Vec::new() }).await;
        }
    }
    let make = async {
        let (project, _) = app.projects.read(id).await?;
        let body = ProjectBody::from(project);
        let bytes = body.bytes();
        Representation::json_until(&body, bytes, Vec::new(), None).await
    };
    app.response_cache.respond(request, (format!("/v1/projects/{id}"), PageParameters::default()), make).await
}

/// A project for its author, who is to have the newest.
async fn for_author(CreatedProject { project, warnings }: CreatedProject) -> Result<Response, ApiError> {
    let version = project.version();
    let body = ProjectBody { warnings, ..project.into() };
    let document = document(&body, body.bytes()).await?;
    let tag = entity_tag(version, &document)?;
    let mut response = json_document(StatusCode::OK, document);
    response.headers_mut().extend([(CACHE_CONTROL, HeaderValue::from_static("private, no-cache")), (ETAG, tag)]);
    Ok(response)
}

/// The number of a project as it is written in an address.
fn numbered(id: &str) -> Result<u64, ProjectError> {
    id.parse().ok().filter(|number: &u64| number.to_string() == id).ok_or(ProjectError::NotFound)
}

/// Change a project
///
/// What is left out stays as it is. With `If-Match`, a version that somebody has changed meanwhile is left alone.
#[utoipa::path(
    patch,
    path = "/v1/projects/{id}",
    operation_id = "update_project",
    tag = "projects",
    params(("id" = u64, Path, description = "Its number.", example = 1), IfMatchHeader),
    request_body = ProjectPatchBody,
    responses(
        (
            status = 200, description = "The project as it is then.", body = ProjectBody,
            headers(("ETag" = str, description = "Begins with its version, for `If-Match`.")),
        ),
        (
            status = 400, body = Envelope,
            description = "As when a project is made; `Expected one of 'title' and 'body'`",
        ),
        (status = 403, description = "`Not your project`", body = Envelope),
        (status = 404, description = "`Project not found`", body = Envelope),
        (status = 412, description = "`The project has changed, its version is 8`", body = OtherVersionEnvelope),
        (status = 413, description = "`Project too large`, `Request body too large`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn update(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(id): PathParams,
    IfMatch(versions): IfMatch,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["title", "body"]).await?;
    if body.is_empty() {
        return Err(ApiError::bad_request("Expected one of 'title' and 'body'"));
    }
    let title = body.nullable("title")?.map(Option::unwrap_or_default);
    let text = body.nullable("body")?.map(Option::unwrap_or_default);
    let title = title.map(|title| title.parse()).transpose().map_err(ApiError::bad_request)?;
    let change = app.projects.patch(&session, numbered(&id)?, ProjectPatch { title, body: text }, &versions);
    for_author(app.response_cache.changed_by(change, |_| true).await?).await
}

/// Delete a project
///
/// For good.
#[utoipa::path(
    delete,
    path = "/v1/projects/{id}",
    operation_id = "delete_project",
    tag = "projects",
    params(("id" = u64, Path, description = "Its number.", example = 1), IfMatchHeader),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "`Not your project`", body = Envelope),
        (status = 404, description = "`Project not found`", body = Envelope),
        (status = 412, description = "`The project has changed, its version is 8`", body = OtherVersionEnvelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn remove(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams(id): PathParams,
    IfMatch(versions): IfMatch,
) -> Result<Response, ApiError> {
    let removal = app.projects.remove(&session, numbered(&id)?, &versions);
    app.response_cache.changed_by(removal, |()| true).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Order one's projects
///
/// Those that are named come first; until then, and among themselves, the newest. One that is made later comes before
/// all.
#[utoipa::path(
    put,
    path = "/v1/projects/order",
    operation_id = "order_projects",
    tag = "projects",
    request_body = OrderBody,
    responses(
        (status = 204, description = "They have that order."),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'projects' key`, \
                `Expected 'projects' to be an array of numbers`, `Project 7 is none of yours`",
        ),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
async fn order(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    body: JsonBody,
) -> Result<Response, ApiError> {
    let mut body = body.any_object(&["projects"]).await?;
    body.require(&["projects"])?;
    let first = body.numbers("projects")?;
    app.response_cache.changed_by(app.projects.order(&session, &first), |()| true).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// List the projects of a user
///
/// The newest come first, unless their author has given them another order.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/projects",
    operation_id = "projects",
    tag = "projects",
    params(
        ("username" = String, Path, description = "Whose projects.", example = "ada"),
        ("page" = Option<u32>, Query, description = "Which page, counted from 1; 0 is 1.", maximum = 2_147_483_647, example = 1),
        (
            "limit" = Option<u32>, Query, maximum = 2_147_483_647, example = 100,
            description = "How many on a page; 0 is 100, and more than 100 is 100.",
        ),
    ),
    responses(
        (
            status = 200, description = "The page; nothing past the end.", body = Vec<ProjectBody>,
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("X-Total-Count" = u64, description = "How many projects the user has."),
                ("Link" = str, description = "The pages beside this one, `next` and `prev` (RFC 8288)."),
                (
                    "X-Unreadable-Items" = u64,
                    description = "How many projects of the page are left out, as they cannot be read; if any."
                ),
            ),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`User 'ada' does not exist`, `Expected numeric query parameters`", body = Envelope),
        (status = 413, description = "`Page too large, ask for a smaller limit`", body = Envelope),
    )
)]
async fn list(
    State(app): State<App>,
    PathParams(username): PathParams,
    RawQuery(query): RawQuery,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let username: Username = username.parse().map_err(|_| ProjectError::UnknownUser(username))?;
    let page = PageParameters::parse(query.as_deref().unwrap_or_default())?;
    let make = async {
        let page = app.projects.list(&username, page.request(MAX_LIMIT)).await?;
        let headers = pagination::headers(&page, &format!("/v1/users/{}/projects", username.key()))?;
        let projects: Vec<_> = page.items.into_iter().map(ProjectBody::from).collect();
        let bytes = projects.iter().map(ProjectBody::bytes).sum();
        Representation::json(&projects, bytes, headers).await
    };
    let address = (format!("/v1/users/{}/projects", username.key()), page);
    app.response_cache.respond(request, address, make).await
}
