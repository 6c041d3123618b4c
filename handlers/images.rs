//! `/v1/assets/images` and `/v1/users/{username}/images`: uploading, showing, listing
//! and removing images.

use axum::Json;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{Multipart, RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_SECURITY_POLICY, LINK, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use talelio::business::{
    Fault, Image, ImageAddress, ImageError, ImageFile, MAX_IMAGE_BYTES, PageRequest, Session, Upload, UploadAddress,
    WIDTHS, Wanted,
};

use crate::app::{App, Parts};
use crate::conditional::{ImmutableFile, accepts};
use crate::envelope::ApiError;
use crate::extract::{Author, JsonObject, Segment, number, parameter};

/// Where images are found, in the order they were sent.
#[derive(Serialize)]
pub(crate) struct UploadedBody {
    image_objects_urls: Vec<String>,
}

impl UploadedBody {
    fn of(addresses: &[ImageAddress], app: &Parts) -> Json<Self> {
        Json(Self { image_objects_urls: addresses.iter().map(|address| app.images.url(address)).collect() })
    }
}

/// Where an image may be sent to.
#[derive(Serialize)]
pub(crate) struct UploadAddressBody {
    upload: String,
    method: &'static str,
    url: String,
    expires_in_seconds: u64,
}

impl From<UploadAddress> for UploadAddressBody {
    fn from(address: UploadAddress) -> Self {
        let UploadAddress { upload, url, seconds } = address;
        Self { upload: upload.to_string(), method: "PUT", url, expires_in_seconds: seconds }
    }
}

/// An image as its author sees it.
#[derive(Serialize)]
struct ImageBody {
    file: String,
    url: String,
    created_at: String,
    media_type: &'static str,
    width: u32,
    height: u32,
    bytes: u64,
}

/// A page of images, newest first.
#[derive(Serialize)]
pub(crate) struct ImagesBody {
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

/// `POST /v1/assets/images`
pub(crate) async fn upload(
    State(app): State<App>,
    Author(session): Author,
    files: Result<Multipart, MultipartRejection>,
) -> Result<Json<UploadedBody>, ApiError> {
    // A body of another kind has no image in it.
    let files = files.map_err(|_| ImageError::InvalidType)?;
    let mut upload = app.images.upload(session);
    match add_files(&mut upload, files).await {
        Ok(()) => Ok(UploadedBody::of(&upload.finish().await?, &app)),
        Err(error) => {
            upload.abandon().await;
            Err(error)
        }
    }
}

async fn add_files(upload: &mut Upload<'_>, mut files: Multipart) -> Result<(), ApiError> {
    while let Some(mut field) = files.next_field().await.map_err(|_| malformed())? {
        // What has no file name is a text, and what has an empty one a file that was not chosen.
        let Some(name) = field.file_name().map(str::to_owned).filter(|name| !name.is_empty()) else { continue };
        upload.add(&name, read(&mut field).await?).await?;
    }
    Ok(())
}

async fn read(field: &mut Field<'_>) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| malformed())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_IMAGE_BYTES {
            return Err(ImageError::TooLarge.into());
        }
    }
    Ok(bytes.freeze())
}

fn malformed() -> ApiError {
    ApiError::bad_request("Malformed multipart body")
}

/// `POST /v1/assets/images/presign`
pub(crate) async fn presign(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<Json<UploadAddressBody>, ApiError> {
    let [name] = body.texts(["file_name"])?;
    Ok(Json(app.images.presign(&session, &name).await?.into()))
}

/// `POST /v1/assets/images/confirm`
pub(crate) async fn confirm(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<Json<UploadedBody>, ApiError> {
    let [upload] = body.texts(["upload"])?;
    let upload = upload.parse().map_err(|_| ImageError::UploadNotFound)?;
    let address = app.images.confirm(&session, upload).await?;
    Ok(UploadedBody::of(&[address], &app))
}

/// `GET /v1/users/{username}/images/{file}`
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

/// The width that a query string asks for.
fn width(query: &str) -> Result<Option<u32>, ApiError> {
    let Some(width) = parameter(query, "width") else { return Ok(None) };
    let known = WIDTHS.into_iter().find(|known| known.to_string() == width);
    known.map(Some).ok_or_else(|| {
        let widths: Vec<_> = WIDTHS.iter().map(u32::to_string).collect();
        ApiError::bad_request(format!("Expected 'width' to be one of {}", widths.join(", ")))
    })
}

/// `GET /v1/users/me/images`
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

/// `DELETE /v1/users/{username}/images/{file}`
pub(crate) async fn remove(
    State(app): State<App>,
    Author(session): Author,
    Segment((username, file)): Segment<(String, String)>,
) -> Result<StatusCode, ApiError> {
    app.images.remove(&session, &username, &file).await?;
    Ok(StatusCode::NO_CONTENT)
}
