//! `DELETE /v1/users/{username}/images/{file}`

use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::PathParams;

/// Remove an image
///
/// With all of its copies, for good. Articles that show it are not changed.
#[utoipa::path(
    delete,
    path = "/v1/users/{username}/images/{file}",
    tag = "images",
    params(
        ("username" = String, Path, description = "Its author, or `me`.", example = "me"),
        (
            "file" = String, Path, description = "Its name.",
            example = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg",
        ),
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 403, description = "`Only the author of an image can remove it`", body = Envelope),
        (status = 404, description = "`Image not found`", body = Envelope),
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    PathParams((username, file)): PathParams<(String, String)>,
) -> Result<StatusCode, ApiError> {
    app.images.remove(&session, &username, &file).await?;
    Ok(StatusCode::NO_CONTENT)
}
