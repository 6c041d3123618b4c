//! Images that are sent straight to the storage, past this program.

use super::error::ImageError;
use super::limits::MAX_IMAGE_BYTES;
use super::name::{ImageAddress, ImageName, PendingUpload};
use super::service::Images;
use super::store::Object;
use crate::business::idempotency::Fingerprint;
use crate::business::{Fault, IdempotencyKey, Session};

/// How long the address of an upload is good, in seconds.
const UPLOAD_SECONDS: u64 = 600;

/// Where somebody may send an image to.
#[derive(Clone, Debug)]
pub struct PresignedUpload {
    /// What to confirm when it is sent.
    pub upload: PendingUpload,
    /// The URL for a `PUT`.
    pub url: String,
    /// For how many seconds.
    pub expires_in_seconds: u64,
}

impl Images {
    /// Where somebody may send an image to, from a file called `name`.
    ///
    /// # Errors
    /// [`ImageError::NoPresigning`] where the storage has no addresses.
    pub async fn presign(
        &self,
        author: &Session,
        name: &str,
        key: Option<IdempotencyKey>,
    ) -> Result<PresignedUpload, ImageError> {
        let fingerprint = || Fingerprint::of([name]);
        let request = self.idempotency.request(key.as_ref(), "presign", &author.user_id.to_string(), fingerprint);
        let mut address = self.idempotency.outcome(request.as_ref()).await?;
        if address.is_none() {
            let presigned = self.presign_new(author, name).await?;
            let Some(request) = &request else { return Ok(presigned) };
            let outcome = format!("{} {}", presigned.upload, presigned.url);
            address = Some(self.idempotency.record(request, outcome).await?);
        }
        let (upload, url) = address.as_deref().and_then(|address| address.split_once(' ')).unwrap_or_default();
        let upload = upload.parse().map_err(Fault::failed)?;
        Ok(PresignedUpload { upload, url: url.to_owned(), expires_in_seconds: UPLOAD_SECONDS })
    }

    async fn presign_new(&self, author: &Session, name: &str) -> Result<PresignedUpload, ImageError> {
        let upload = PendingUpload::new(name);
        let object = Object::Upload(author.username.clone(), upload.clone());
        let url = self.files.upload_url(&object, UPLOAD_SECONDS).await?.ok_or(ImageError::NoPresigning)?;
        Ok(PresignedUpload { upload, url, expires_in_seconds: UPLOAD_SECONDS })
    }

    /// Makes what was sent to the address of an upload an image of the author. To
    /// confirm it again changes nothing.
    ///
    /// # Errors
    /// [`ImageError::UploadNotFound`], and why it is not an image.
    pub async fn confirm(
        &self,
        author: &Session,
        upload: PendingUpload,
        key: Option<IdempotencyKey>,
    ) -> Result<ImageAddress, ImageError> {
        let fingerprint = || Fingerprint::of([upload.to_string().as_str()]);
        let request = self.idempotency.request(key.as_ref(), "confirm", &author.user_id.to_string(), fingerprint);
        if let Some(file) = self.idempotency.outcome(request.as_ref()).await? {
            return Ok(ImageAddress { username: author.username.clone(), file: file.parse().map_err(Fault::failed)? });
        }
        let address = self.confirm_once(author, upload).await?;
        if let Some(request) = &request {
            self.idempotency.record(request, address.file.to_string()).await?;
        }
        Ok(address)
    }

    async fn confirm_once(&self, author: &Session, upload: PendingUpload) -> Result<ImageAddress, ImageError> {
        let username = author.username.clone();
        let known = self.known(&username, upload.id()).await?;
        let object = Object::Upload(username.clone(), upload.clone());
        let file = match known {
            Some(image) => image.file,
            None => self.adopt(author, &object, upload).await?,
        };
        self.files.remove(vec![object]).await?;
        Ok(ImageAddress { username, file })
    }

    async fn adopt(&self, author: &Session, object: &Object, upload: PendingUpload) -> Result<ImageName, ImageError> {
        let bytes = self.files.size(object).await?.ok_or(ImageError::UploadNotFound)?;
        if bytes > MAX_IMAGE_BYTES as u64 {
            return Err(ImageError::TooLarge);
        }
        let bytes = self.files.read(object).await?.ok_or(ImageError::UploadNotFound)?;
        self.count(author, bytes.len()).await?;
        let prepared = self.prepare(bytes).await?;
        let file = ImageName::of_upload(upload, prepared.format);
        let image = self.store(author, file, prepared).await?;
        self.add(author, std::slice::from_ref(&image), None).await?;
        Ok(image.file)
    }
}
