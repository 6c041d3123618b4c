//! Several images that become an author's together or not at all.

use std::sync::Arc;

use bytes::Bytes;

use super::error::ImageError;
use super::image::Image;
use super::limits::{MAX_IMAGE_BYTES, MAX_IMAGES};
use super::name::{ImageAddress, ImageName};
use super::service::Images;
use super::store::{ImageObjects, Object};
use crate::business::Session;

/// An upload under way. Each image is stored as it comes, so that only one at a
/// time is in memory; they are the author's once the upload is finished. Dropped
/// before that, it takes back what it stored.
pub struct Upload<'i> {
    images: &'i Images,
    author: Session,
    stored: Vec<Image>,
}

impl Images {
    /// Begins an upload.
    #[must_use]
    pub fn upload(&self, author: Session) -> Upload<'_> {
        Upload { images: self, author, stored: Vec::new() }
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
        if self.stored.is_empty() {
            return Err(ImageError::InvalidType);
        }
        if let Err(error) = self.images.add(&self.author, &self.stored).await {
            if matches!(error, ImageError::Fault(_)) {
                // They may be on the list all the same, so their files have to stay.
                self.stored.clear();
            }
            return Err(error);
        }
        let username = &self.author.username;
        let address = |image: Image| ImageAddress { username: username.clone(), file: image.file };
        Ok(std::mem::take(&mut self.stored).into_iter().map(address).collect())
    }

    /// Takes back what was stored.
    pub async fn abandon(mut self) {
        let (files, objects) = self.take_back();
        discard(files, objects).await;
    }

    fn take_back(&mut self) -> (Arc<dyn ImageObjects>, Vec<Object>) {
        let stored = std::mem::take(&mut self.stored);
        let object = |image: Image| Object::Original(self.author.username.clone(), image.file);
        (self.images.files(), stored.into_iter().map(object).collect())
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
