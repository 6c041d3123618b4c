//! Projects: what an author has made.

use axum::extract::{RawQuery, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{CreatedProject, MAX_LIMIT, Project, ProjectError, Title, Username};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::body::{BodyPolicy, allow};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::{JsonBody, json};
use crate::http::pagination::{self, PageParameters};
use crate::response_cache::{CacheableRequest, Representation};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).route_layer(from_fn_with_state(BodyPolicy::TEXT, allow))
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

/// List the projects of a user
///
/// The newest come first.
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
