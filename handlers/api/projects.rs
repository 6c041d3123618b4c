//! Projects: what an author has made.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{Project, ProjectError, Title, Username};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{JsonObject, PathParams};
use crate::response_cache::{CacheableRequest, Representation};

pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

pub(super) fn author() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create))
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
}

/// What an author has made.
#[derive(ToSchema)]
#[schema(as = NewProject)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct NewProjectBody {
    /// Not only white space.
    #[schema(max_length = 500, pattern = r"^[^\u0000]*\S[^\u0000]*$", example = "Engine")]
    title: String,
    /// Markdown.
    #[schema(pattern = r"^[^\u0000]*$", example = "An *analytical* one.")]
    body: String,
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
        }
    }
}

/// Make a project
#[utoipa::path(
    post,
    path = "/v1/projects",
    tag = "projects",
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
    )
)]
async fn create(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<ProjectBody>), ApiError> {
    let [title, text] = body.required_strings(["title", "body"])?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let creation = app.projects.create(&session, title, text);
    let project = app.response_cache.invalidated_by(creation).await?;
    Ok((StatusCode::CREATED, Json(project.into())))
}

/// List the projects of a user
///
/// The newest come first.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/projects",
    operation_id = "projects",
    tag = "projects",
    params(("username" = String, Path, description = "Whose projects.", example = "ada")),
    responses(
        (
            status = 200, description = "All of their projects.", body = Vec<ProjectBody>,
            headers(("ETag" = str, description = "For `If-None-Match`.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`User 'ada' does not exist`", body = Envelope),
    )
)]
async fn list(
    State(app): State<App>,
    PathParams(username): PathParams,
    request: CacheableRequest,
) -> Result<Response, ApiError> {
    let username: Username = username.parse().map_err(|_| ProjectError::UnknownUser(username))?;
    let make = async {
        let projects = app.projects.list(&username).await?;
        Representation::json(&projects.into_iter().map(ProjectBody::from).collect::<Vec<_>>())
    };
    app.response_cache.respond(request, make).await
}
