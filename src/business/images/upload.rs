//! Several images that become an author's together or not at all.

use std::sync::Arc;

use bytes::Bytes;

use super::error::ImageError;
use super::image::Image;
use super::limits::{MAX_IMAGE_BYTES, MAX_IMAGES};
use super::name::{ImageAddress, ImageName};
use super::service::Images;
use super::store::{AddError, ImageObjects, Object};
use crate::business::idempotency::Fingerprint;
use crate::business::{Fault, IdempotencyKey, InvalidAccessToken, NamedRequest, Session, background};

/// An upload under way. Each image is stored as it comes, so that only one at a
/// time is in memory; they are the author's once the upload is finished. Dropped
/// before that, it takes back what it stored.
pub struct Upload<'i> {
    images: &'i Images,
    author: Session,
    stored: Vec<Image>,
    key: Option<IdempotencyKey>,
    /// Of the files that have come.
    fingerprint: Fingerprint,
    /// Whether a request of the key was done before; then nothing is stored.
    recorded: bool,
}

impl Images {
    /// Begins an upload.
    ///
    /// # Errors
    /// [`ImageError::Token`] when there is no such author, and a [`Fault`] when that or whether a
    /// request of `key` was done before cannot be looked up.
    pub async fn upload(&self, author: Session, key: Option<IdempotencyKey>) -> Result<Upload<'_>, ImageError> {
        // Before there is anything to lose.
        if !self.store.is_user(&author.username).await? {
            return Err(InvalidAccessToken::UnknownUser.into());
        }
        let fingerprint = Fingerprint::default();
        let mut upload = Upload { images: self, author, stored: Vec::new(), key, fingerprint, recorded: false };
        let request = upload.request();
        upload.recorded = self.idempotency.is_recorded(request.as_ref()).await?;
        Ok(upload)
    }
}

impl Upload<'_> {
    /// Stores the image of a file called `name`.
    ///
    /// # Errors
    /// [`ImageError`] when it is none, too large, or one too many for a request or a day.
    pub async fn add(&mut self, name: &str, bytes: Bytes) -> Result<(), ImageError> {
        if self.stored.len() == MAX_IMAGES {
            return Err(ImageError::TooMany);
        }
        if bytes.len() > MAX_IMAGE_BYTES {
            return Err(ImageError::TooLarge);
        }
        if self.key.is_some() {
            background::long(bytes.len(), || {
                self.fingerprint.add(name.as_bytes());
                self.fingerprint.add(&bytes);
            })
            .await;
        }
        if self.recorded {
            return Ok(());
        }
        self.images.count(&self.author, bytes.len()).await?;
        let prepared = self.images.prepare(bytes).await?;
        let file = ImageName::new(name, prepared.format);
        let image = self.images.store(&self.author, file, prepared).await?;
        self.stored.push(image);
        Ok(())
    }

    /// Makes the images the author's, and says where they are, in their order.
    ///
    /// # Errors
    /// [`ImageError::InvalidType`] when there is none.
    pub async fn finish(mut self) -> Result<Vec<ImageAddress>, ImageError> {
        let request = self.request();
        if self.recorded
            && let Some(before) = self.uploaded_before(request.as_ref()).await?
        {
            return Ok(before);
        }
        if self.stored.is_empty() {
            return Err(ImageError::InvalidType);
        }
        match self.images.add(&self.author, &self.stored, request.as_ref()).await {
            Ok(()) => {}
            Err(AddError::Done) => {
                let before = self.uploaded_before(request.as_ref()).await?;
                return before.ok_or_else(|| AddError::Done.into());
            }
            Err(error) => {
                if matches!(error, AddError::Fault(Fault::Unknown(_))) {
                    // They may be on the list, so their files have to stay.
                    self.stored.clear();
                }
                return Err(error.into());
            }
        }
        let stored = std::mem::take(&mut self.stored);
        Ok(stored.into_iter().map(|image| self.address(image.file)).collect())
    }

    /// What the same request has uploaded before.
    async fn uploaded_before(&self, request: Option<&NamedRequest>) -> Result<Option<Vec<ImageAddress>>, ImageError> {
        let Some(files) = self.images.idempotency.outcome(request).await? else { return Ok(None) };
        let address = |file: &str| file.parse().map(|file| self.address(file)).map_err(Fault::failed);
        Ok(Some(files.split('/').map(address).collect::<Result<_, _>>()?))
    }

    /// The request, if it has a name, as far as it has come.
    fn request(&self) -> Option<NamedRequest> {
        let whom = self.author.user_id.to_string();
        self.images.idempotency.request(self.key.as_ref(), "upload", &whom, || self.fingerprint.clone())
    }

    fn address(&self, file: ImageName) -> ImageAddress {
        ImageAddress { username: self.author.username.clone(), file }
    }

    /// Takes back what was stored.
    pub async fn abandon(mut self) {
        let (files, objects) = self.take_back();
        discard(files, objects).await;
    }

    fn take_back(&mut self) -> (Arc<dyn ImageObjects>, Vec<Object>) {
        let stored = std::mem::take(&mut self.stored);
        let object = |image: Image| Object::Original(self.author.username.clone(), image.file);
        (Arc::clone(&self.images.files), stored.into_iter().map(object).collect())
    }
}

impl Drop for Upload<'_> {
    /// The client went away in the middle.
    fn drop(&mut self) {
        if !self.stored.is_empty() {
            let (files, objects) = self.take_back();
            tokio::spawn(discard(files, objects));
        }
    }
}

async fn discard(files: Arc<dyn ImageObjects>, objects: Vec<Object>) {
    if let Err(error) = files.remove(objects).await {
        // Nobody knows the names, so what is left only takes up space.
        tracing::warn!(error = &error as &dyn std::error::Error, "images of a failed upload are left in the storage");
    }
}
