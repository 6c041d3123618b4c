//! `/v1/users/{username}/images`: showing, listing and removing images.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, LINK, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{Fault, Image, ImageAddress, ImageFile, PageRequest, Session, WIDTHS, Wanted};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::{App, Parts};
use crate::http::conditional::{ImmutableFile, accepts};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{Author, Segment, number, parameter};

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
pub(crate) struct ImagesBody {
    /// The newest come first.
    images: Vec<ImageBody>,
}

impl ImageBody {
    fn of(image: Image, session: &Session, app: &Parts) -> Self {
        let Image { file, created_at, width, height, bytes, .. } = image;
        let (name, media_type) = (file.to_string(), file.format().media_type());
        let url = app.images.url(&ImageAddress { username: session.username.clone(), file });
        Self { file: name, url, created_at: created_at.to_string(), media_type, width, height, bytes }
    }
}

/// Show an image
///
/// With `width`, a smaller copy that wide, unless the image is no wider or moves; it is WebP for those whose `Accept` names
/// `image/webp`. What an address gives never changes.
#[utoipa::path(
    get,
    path = "/v1/users/{username}/images/{file}",
    tag = "images",
    params(
        ("username" = String, Path, description = "Whose image.", example = "ada"),
        (
            "file" = String, Path, description = "Its name.",
            example = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg",
        ),
        ("width" = inline(Option<Width>), Query, description = "How wide, in pixels."),
    ),
    responses(
        (
            status = 200, description = "The image.",
            content(
                (Vec<u8> = "image/gif"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp")
            ),
            headers(
                ("ETag" = str, description = "For `If-None-Match`."),
                ("Cache-Control" = str, description = "`public, max-age=31536000, immutable`"),
            ),
        ),
        (
            status = 206, description = "The part that `Range` asks for.",
            content(
                (Vec<u8> = "image/gif"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp")
            ),
            headers(("Content-Range" = str, description = "Which part of how much.")),
        ),
        (status = 304, description = "What `If-None-Match` names is what there is."),
        (status = 400, description = "`Expected 'width' to be one of 320, 640, 960, 1280, 1920`", body = Envelope),
        (status = 404, description = "`User with username 'ada' does not exist`, `Image not found`", body = Envelope),
        (status = 416, description = "`Range not satisfiable`", body = Envelope),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Segment((username, file)): Segment<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let width = width(query.as_deref().unwrap_or_default())?;
    let wanted = Wanted { width, webp: accepts(&headers, "image/webp") };
    let shown = app.images.show(&username, &file, wanted).await?;
    let file = ImmutableFile { bytes: shown.bytes, media_type: shown.format.media_type(), tag: shown.tag };
    let mut response = file.answer(&headers)?;
    response.headers_mut().extend([
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        // Opened by itself, it runs and loads nothing, whatever a browser takes it for.
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ]);
    if width.is_some() {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    }
    Ok(response)
}

/// A width that there are copies of.
struct Width;

impl PartialSchema for Width {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(WIDTHS)).into()
    }
}

impl ToSchema for Width {}

/// The width that a query string asks for.
fn width(query: &str) -> Result<Option<u32>, ApiError> {
    let Some(width) = parameter(query, "width") else { return Ok(None) };
    let known = WIDTHS.into_iter().find(|known| known.to_string() == width);
    known.map(Some).ok_or_else(|| {
        let widths: Vec<_> = WIDTHS.iter().map(u32::to_string).collect();
        ApiError::bad_request(format!("Expected 'width' to be one of {}", widths.join(", ")))
    })
}

/// List one's own images
///
/// The newest come first.
#[utoipa::path(
    get,
    path = "/v1/users/me/images",
    tag = "images",
    security(("access_token" = [])),
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
            headers(("Link" = str, description = "The page that follows, `next` (RFC 8288).")),
        ),
        (
            status = 400, body = Envelope,
            description = "`Expected numeric query parameters`, `Expected 'before' to be the name of an image`",
        ),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Author(session): Author,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.as_deref().unwrap_or_default();
    let limit = PageRequest::new(1, number(query, "limit")?).limit();
    let before = parameter(query, "before").map(|before| before.parse::<ImageFile>()).transpose();
    let before = before.map_err(|_| ApiError::bad_request("Expected 'before' to be the name of an image"))?;
    let page = app.images.list(&session, before.map(|before| before.id()), limit).await?;
    let images: Vec<_> = page.images.into_iter().map(|image| ImageBody::of(image, &session, &app)).collect();
    let oldest = images.last().filter(|_| page.more).map(|image| image.file.clone());
    let mut response = Json(ImagesBody { images }).into_response();
    if let Some(oldest) = oldest {
        let next = format!("</users/me/images?before={oldest}&limit={limit}>; rel=\"next\"");
        response.headers_mut().insert(LINK, HeaderValue::from_str(&next).map_err(Fault::failed)?);
    }
    Ok(response)
}

/// Remove an image
///
/// With all of its copies, for good. Articles that show it are not changed.
#[utoipa::path(
    delete,
    path = "/v1/users/{username}/images/{file}",
    tag = "images",
    security(("access_token" = [])),
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
pub(crate) async fn remove(
    State(app): State<App>,
    Author(session): Author,
    Segment((username, file)): Segment<(String, String)>,
) -> Result<StatusCode, ApiError> {
    app.images.remove(&session, &username, &file).await?;
    Ok(StatusCode::NO_CONTENT)
}
