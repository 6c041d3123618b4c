//! `GET /v1/users/me/images`

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::LINK;
use serde::Serialize;
use talelio::business::{Fault, Image, ImageAddress, ImageName, PageRequest, Session};
use utoipa::ToSchema;

use crate::app::{App, AppState};
use crate::http::authentication::AuthenticatedUser;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{number, parameter};
use crate::http::pagination::X_UNREADABLE_ITEMS;

/// An image as its author sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Image)]
struct ImageBody {
    /// Its name.
    #[schema(example = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg")]
    file: String,
    /// Where it is found.
    #[schema(example = "http://127.0.0.1:8000/v1/users/ada/images/cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg")]
    url: String,
    /// When it was uploaded.
    #[schema(format = DateTime, example = "2026-03-14T15:09:26.535Z")]
    created_at: String,
    /// What it is encoded as.
    #[schema(example = "image/jpeg")]
    media_type: &'static str,
    /// In pixels.
    #[schema(example = 1_200)]
    width: u32,
    /// In pixels.
    #[schema(example = 800)]
    height: u32,
    /// The size of its file.
    #[schema(example = 183_742)]
    bytes: u64,
}

/// A page of images.
#[derive(Serialize, ToSchema)]
#[schema(as = ImageList)]
struct ImagesBody {
    /// The newest come first.
    images: Vec<ImageBody>,
}

impl ImageBody {
    fn of(image: Image, session: &Session, app: &AppState) -> Self {
        let Image { file, created_at, width, height, bytes, .. } = image;
        let (name, media_type) = (file.to_string(), file.format().media_type());
        let url = app.images.url(&ImageAddress { username: session.username.clone(), file });
        Self { file: name, url, created_at: created_at.to_string(), media_type, width, height, bytes }
    }
}

/// List one's own images
///
/// The newest come first.
#[utoipa::path(
    get,
    path = "/v1/users/me/images",
    tag = "images",
    params(
        (
            "limit" = Option<u32>, Query, maximum = 2_147_483_647, example = 10,
            description = "How many at once; 0 is 10, and more than 100 is 100.",
        ),
        (
            "before" = Option<String>, Query,
            pattern = r"^[a-z0-9_]{1,100}_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.(gif|jpe?g|png|webp)$",
            description = "The name of the last image of the page before, to list those that follow it.",
        ),
    ),
    responses(
        (
            status = 200, description = "The images.", body = ImagesBody,
            headers(
                ("Link" = str, description = "The page that follows, `next` (RFC 8288)."),
                (
                    "X-Unreadable-Items" = u64,
                    description = "How many images of the page are left out, as they cannot be read; if any."
                ),
            ),
        ),
        (
            status = 400, body = Envelope,
            description = "`Expected numeric query parameters`, `Expected 'before' to be the name of an image`",
        ),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.as_deref().unwrap_or_default();
    let limit = PageRequest::new(1, number(query, "limit")?).limit();
    let before = parameter(query, "before").map(|before| before.parse::<ImageName>()).transpose();
    let before = before.map_err(|_| ApiError::bad_request("Expected 'before' to be the name of an image"))?;
    let page = app.images.list(&session, before.map(|before| before.id()), limit).await?;
    let images: Vec<_> = page.images.into_iter().map(|image| ImageBody::of(image, &session, &app)).collect();
    let oldest = images.last().filter(|_| page.more).map(|image| image.file.clone());
    let mut response = Json(ImagesBody { images }).into_response();
    if let Some(oldest) = oldest {
        let next = format!("</v1/users/me/images?before={oldest}&limit={limit}>; rel=\"next\"");
        response.headers_mut().insert(LINK, HeaderValue::from_str(&next).map_err(Fault::failed)?);
    }
    if page.unreadable > 0 {
        response.headers_mut().insert(X_UNREADABLE_ITEMS, page.unreadable.into());
    }
    Ok(response)
}
