//! `GET /v1/users/{username}/images/{file}`

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::header::{CONTENT_SECURITY_POLICY, RANGE, VARY};
use http::{HeaderMap, HeaderValue, Method};
use talelio::business::{RenditionRequest, WIDTHS};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::http::conditional::{ImmutableFile, accepts};
use crate::http::envelope::{ApiError, Envelope};
use crate::http::extract::{PathParams, parameter};

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
pub(super) async fn show(
    State(app): State<App>,
    PathParams((username, file)): PathParams<(String, String)>,
    RawQuery(query): RawQuery,
    method: Method,
    mut headers: HeaderMap,
) -> Result<Response, ApiError> {
    let width = width(query.as_deref().unwrap_or_default())?;
    let request = RenditionRequest { width, webp: accepts(&headers, "image/webp") };
    let rendition = app.images.show(&username, &file, request).await?;
    let file =
        ImmutableFile { bytes: rendition.bytes, media_type: rendition.format.media_type(), etag: rendition.etag };
    if method == Method::HEAD {
        // Only a GET has parts (RFC 9110, section 14.2).
        headers.remove(RANGE);
    }
    let mut response = file.respond(&headers)?;
    // Opened by itself, it runs and loads nothing, whatever a browser takes it for.
    let policy = HeaderValue::from_static("default-src 'none'; sandbox");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    if width.is_some() {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    }
    Ok(response)
}

/// A width that there are renditions of.
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
