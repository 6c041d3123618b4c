//! `/v1/projects`: what an author has made.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use talelio::business::{Project, Title};

use crate::app::App;
use crate::envelope::ApiError;
use crate::extract::{Author, JsonObject};

/// A project.
#[derive(Serialize)]
pub(crate) struct ProjectBody {
    id: u64,
    user_id: u64,
    created_at: String,
    updated_at: String,
    title: String,
    body: String,
    html: String,
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

/// `POST /v1/projects`
pub(crate) async fn create(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<(StatusCode, Json<ProjectBody>), ApiError> {
    let [title, text] = body.texts(["title", "body"])?;
    let title: Title = title.parse().map_err(ApiError::bad_request)?;
    let project = app.projects.create(&session, title, text).await?;
    Ok((StatusCode::CREATED, Json(project.into())))
}
