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
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::{App, Parts};
use crate::conditional::{ImmutableFile, accepts};
use crate::envelope::{ApiError, Envelope};
use crate::extract::{Author, JsonObject, Segment, number, parameter};

/// Where images are found, in the order they were sent.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadedImages)]
pub(crate) struct UploadedBody {
    /// Their addresses.
    #[schema(example = json!(["http://127.0.0.1:8000/v1/users/ada/images/cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg"]))]
    image_objects_urls: Vec<String>,
}

impl UploadedBody {
    fn of(addresses: &[ImageAddress], app: &Parts) -> Json<Self> {
        Json(Self { image_objects_urls: addresses.iter().map(|address| app.images.url(address)).collect() })
    }
}

/// Where an image may be sent to.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadAddress)]
pub(crate) struct UploadAddressBody {
    /// What to confirm once the image is sent.
    #[schema(example = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1")]
    upload: String,
    /// How to send it.
    #[schema(example = "PUT")]
    method: &'static str,
    /// Where to.
    #[schema(
        example = "https://images.s3.eu-north-1.amazonaws.com/uploads/ada/cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1?X-Amz-Signature=..."
    )]
    url: String,
    /// How long the address is good.
    #[schema(example = 600)]
    expires_in_seconds: u64,
}

/// What somebody wants to send.
#[derive(ToSchema)]
#[schema(as = NewUpload)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct NewUploadBody {
    /// The name of the file, from which the image gets its own.
    #[schema(pattern = r"^[^\u0000]*$", example = "cat.jpg")]
    file_name: String,
}

/// What somebody has sent.
#[derive(ToSchema)]
#[schema(as = Confirmation)]
#[expect(dead_code, reason = "documents the keys that are read one by one")]
struct ConfirmationBody {
    /// The upload, as it was named when its address was given.
    #[schema(pattern = r"^[^\u0000]*$", example = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1")]
    upload: String,
}

/// Images as a form sends them.
#[derive(ToSchema)]
#[schema(as = ImageForm)]
#[expect(dead_code, reason = "documents a body that is read as it comes")]
struct ImageForm {
    /// 1 to 20 GIF, JPEG, PNG or WebP images of at most 2 MiB each, under any field names.
    #[schema(min_items = 1, max_items = 20, value_type = Vec<File>)]
    images: Vec<File>,
}

impl From<UploadAddress> for UploadAddressBody {
    fn from(address: UploadAddress) -> Self {
        let UploadAddress { upload, url, seconds } = address;
        Self { upload: upload.to_string(), method: "PUT", url, expires_in_seconds: seconds }
    }
}

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

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "documents a body that is read as it comes")]
struct File(Vec<u8>);

/// Upload images
///
/// All of them or, when one is refused, none. Metadata such as the place where a picture was taken is removed, and the
/// picture turned the right way up. Behind AWS Lambda a request has at most 4.5 MB; larger uploads go by presigned URL.
#[utoipa::path(
    post,
    path = "/v1/assets/images",
    tag = "images",
    security(("access_token" = [])),
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Where the images are, in the order they were sent.", body = UploadedBody),
        (
            status = 400, body = Envelope,
            description = "`One or more image files are of invalid type`, `One or more image file sizes are too large`, \
                `One or more images have too many pixels`, `Too many image files, at most 20 at once`, \
                `Malformed multipart body`",
        ),
    )
)]
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

/// Get an address to send an image to
///
/// The image is sent straight to S3, as the body of a `PUT`, and then confirmed. Like this, uploads pass by the limits of
/// AWS Lambda.
#[utoipa::path(
    post,
    path = "/v1/assets/images/presign",
    tag = "images",
    security(("access_token" = [])),
    request_body = NewUploadBody,
    responses(
        (status = 200, description = "The address.", body = UploadAddressBody),
        (status = 400, description = "`Missing request body`, `Expected 'file_name' key`", body = Envelope),
        (status = 409, description = "`Images are not kept in S3 here, send them to /v1/assets/images`", body = Envelope),
    )
)]
pub(crate) async fn presign(
    State(app): State<App>,
    Author(session): Author,
    mut body: JsonObject,
) -> Result<Json<UploadAddressBody>, ApiError> {
    let [name] = body.texts(["file_name"])?;
    Ok(Json(app.images.presign(&session, &name).await?.into()))
}

/// Make an image of what was sent to S3
///
/// To confirm an upload again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/assets/images/confirm",
    tag = "images",
    security(("access_token" = [])),
    request_body = ConfirmationBody,
    responses(
        (status = 200, description = "Where the image is.", body = UploadedBody),
        (
            status = 400, body = Envelope,
            description = "`Missing request body`, `Expected 'upload' key`, \
                `One or more image files are of invalid type`, `One or more image file sizes are too large`, \
                `One or more images have too many pixels`",
        ),
        (status = 404, description = "`Upload not found`", body = Envelope),
    )
)]
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
