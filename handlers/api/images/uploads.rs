//! `/v1/assets/images`: uploading images, by way of this server or past it.

use axum::Json;
use axum::extract::State;
use axum::extract::multipart::MultipartRejection;
use serde::Serialize;
use talelio::business::{
    ImageAddress, ImageError, Limit, LimitError, MAX_IMAGE_BYTES, Network, PresignedUpload, Session, Subject, Upload,
    memory,
};
use utoipa::ToSchema;

use crate::app::{App, AppState};
use crate::http::authentication::AuthenticatedUser;
use crate::http::client_network::ClientNetwork;
use crate::http::envelope::{ApiError, Envelope};
use crate::http::idempotency::{IdempotencyHeader, Idempotent};
use crate::http::json::JsonBody;
use crate::http::multipart::Form;

/// Where images are found, in the order they were sent.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadedImages)]
pub(super) struct UploadedBody {
    /// Their addresses.
    #[schema(example = json!(["http://127.0.0.1:8000/v1/users/ada/images/cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1.jpg"]))]
    image_objects_urls: Vec<String>,
}

impl UploadedBody {
    fn of(addresses: &[ImageAddress], app: &AppState) -> Json<Self> {
        Json(Self { image_objects_urls: addresses.iter().map(|address| app.images.url(address)).collect() })
    }
}

/// Where an image may be sent to.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadAddress)]
pub(super) struct UploadAddressBody {
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

impl From<PresignedUpload> for UploadAddressBody {
    fn from(presigned: PresignedUpload) -> Self {
        let PresignedUpload { upload, url, expires_in_seconds } = presigned;
        Self { upload: upload.to_string(), method: "PUT", url, expires_in_seconds }
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
    params(IdempotencyHeader),
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Where the images are, in the order they were sent.", body = UploadedBody),
        (
            status = 400, body = Envelope,
            description = "`One or more image files are of invalid type`, `One or more image file sizes are too large`, \
                `One or more images have too many pixels`, `Too many image files, at most 20 at once`, \
                `Malformed multipart body`",
        ),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn upload(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    ClientNetwork(network): ClientNetwork,
    Idempotent(key): Idempotent,
    form: Result<Form, MultipartRejection>,
) -> Result<Json<UploadedBody>, ApiError> {
    limit(&app, &session, network).await?;
    // A body of another kind has no image in it.
    let form = form.map_err(|_| ImageError::InvalidType)?;
    let mut upload = app.images.upload(session, key).await?;
    match add_files(&mut upload, form).await {
        Ok(()) => Ok(UploadedBody::of(&upload.finish().await?, &app)),
        Err(error) => {
            upload.abandon().await;
            Err(error)
        }
    }
}

/// Counts an upload, for its author and for where they are.
async fn limit(app: &AppState, author: &Session, network: Network) -> Result<(), LimitError> {
    app.limits.take(Limit::Uploads, Subject::User(author.user_id)).await?;
    app.limits.take(Limit::Uploads, Subject::Network(network)).await
}

async fn add_files(upload: &mut Upload<'_>, mut form: Form) -> Result<(), ApiError> {
    while let Some(mut part) = form.next().await? {
        let Some(name) = part.file_name.take() else {
            part.skip().await?;
            continue;
        };
        // A buffer that grows, and what becomes of it.
        let _permit = memory::hold_received(2 * MAX_IMAGE_BYTES)?;
        let bytes = part.read(MAX_IMAGE_BYTES).await?.ok_or(ImageError::TooLarge)?;
        upload.add(&name, bytes).await?;
    }
    Ok(())
}

/// Get an address to send an image to
///
/// The image is sent straight to S3, as the body of a `PUT`, and then confirmed. Like this, uploads pass by the limits of
/// AWS Lambda.
#[utoipa::path(
    post,
    path = "/v1/assets/images/presign",
    tag = "images",
    params(IdempotencyHeader),
    request_body = NewUploadBody,
    responses(
        (status = 200, description = "The address.", body = UploadAddressBody),
        (status = 400, description = "`Missing request body`, `Expected 'file_name' key`", body = Envelope),
        (status = 409, description = "`Images are not kept in S3 here, send them to /v1/assets/images`", body = Envelope),
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn presign(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    ClientNetwork(network): ClientNetwork,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Json<UploadAddressBody>, ApiError> {
    limit(&app, &session, network).await?;
    let ([name], []) = body.strings(["file_name"], []).await?;
    Ok(Json(app.images.presign(&session, &name, key).await?.into()))
}

/// Make an image of what was sent to S3
///
/// To confirm an upload again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/assets/images/confirm",
    tag = "images",
    params(IdempotencyHeader),
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
        (status = 429, description = "`Too many requests, try again in 7 seconds`", body = Envelope),
    )
)]
pub(super) async fn confirm(
    State(app): State<App>,
    AuthenticatedUser(session): AuthenticatedUser,
    Idempotent(key): Idempotent,
    body: JsonBody,
) -> Result<Json<UploadedBody>, ApiError> {
    let ([upload], []) = body.strings(["upload"], []).await?;
    let upload = upload.parse().map_err(|_| ImageError::UploadNotFound)?;
    let address = app.images.confirm(&session, upload, key).await?;
    Ok(UploadedBody::of(&[address], &app))
}
