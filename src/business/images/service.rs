//! The image rules.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use super::error::ImageError;
use super::image::{Image, ImagesPage};
use super::name::{ImageAddress, ImageName};
use super::store::{AddError, ImageObjects, ImageStore, Object};
use super::sweep::ObjectListing;
use crate::business::idempotency::Idempotency;
use crate::business::{
    Clock, Fault, IdempotencyStore, Limit, LimitError, Limits, NamedRequest, Session, Subject, Username, background,
    memory,
};
use crate::imaging::{self, Format, ImagingError, Memory, Prepared};

/// How long an image waits for those that are decoded before it.
const DECODE_TIMEOUT: Duration = Duration::from_secs(20);

/// Which rendition of an image a reader asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenditionRequest {
    /// How wide, one of [`WIDTHS`](super::WIDTHS); none for the image itself.
    pub width: Option<u32>,
    /// Whether the reader accepts WebP.
    pub webp: bool,
}

/// An image, or a smaller rendition of one, as it is shown.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// Its bytes.
    pub bytes: Bytes,
    /// What they are encoded as.
    pub format: Format,
    /// Tells it from every other image and every other rendition of it.
    pub etag: String,
}

/// The image rules.
pub struct Images {
    pub(super) store: Arc<dyn ImageStore>,
    pub(super) files: Arc<dyn ImageObjects>,
    pub(super) listing: Arc<dyn ObjectListing>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    pub(super) idempotency: Idempotency,
    api_base_url: Arc<str>,
    /// Held while an image is decoded: two would not fit into the memory of a small server.
    decoding: Arc<Semaphore>,
    /// How many bytes of memory that may take.
    decode_memory: u64,
}

impl Images {
    /// The rules over `store` and `files`. `api_base_url` is where this API is
    /// reached, without a slash at the end, `decode_memory` how many bytes it may take to
    /// work on an image.
    #[must_use]
    pub fn new<S: ImageStore + IdempotencyStore + 'static, F: ImageObjects + ObjectListing + 'static>(
        store: Arc<S>,
        files: Arc<F>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
        api_base_url: &str,
        decode_memory: u64,
    ) -> Self {
        Self {
            idempotency: Idempotency::new(store.clone(), clock.clone()),
            store,
            listing: files.clone(),
            files,
            clock,
            limits,
            api_base_url: api_base_url.into(),
            decoding: Arc::new(Semaphore::new(1)),
            decode_memory,
        }
    }

    /// An image of a user, or the rendition of it that is asked for. One is
    /// made when it is first asked for. `username` is whatever was asked for.
    ///
    /// # Errors
    /// [`ImageError::UnknownUser`], [`ImageError::NotFound`].
    pub async fn show(&self, username: &str, file: &str, request: RenditionRequest) -> Result<Rendition, ImageError> {
        let unknown = || ImageError::UnknownUser(username.to_owned());
        let parsed = username.parse().map_err(|_| unknown())?;
        let found = match file.parse() {
            Ok(file) => match self.find(&parsed, &file, request).await {
                // Perhaps it was removed in between.
                Err(ImageError::Fault(Fault::Failed(_))) if self.listed(&parsed, &file).await?.is_none() => None,
                found => found?,
            },
            Err(_) => None,
        };
        match found {
            Some(rendition) => Ok(rendition),
            None if self.store.is_user(&parsed).await? => Err(ImageError::NotFound),
            None => Err(unknown()),
        }
    }

    async fn find(
        &self,
        username: &Username,
        file: &ImageName,
        request: RenditionRequest,
    ) -> Result<Option<Rendition>, ImageError> {
        let Some(width) = request.width else {
            let (image, bytes) = tokio::join!(self.listed(username, file), self.read_original(username, file));
            let (Some(image), bytes) = (image?, bytes?) else { return Ok(None) };
            return Ok(Some(original(&image, bytes)?));
        };
        let Some(image) = self.listed(username, file).await? else { return Ok(None) };
        if !image.rendition_widths().any(|smaller| smaller == width) {
            let bytes = self.read_original(username, file).await?;
            return Ok(Some(original(&image, bytes)?));
        }
        let format = match file.format() {
            _ if request.webp => Format::WebP,
            Format::Gif => Format::Png,
            format => format,
        };
        let object = Object::Rendition(username.clone(), file.clone(), width, format);
        let bytes = match self.files.read(&object).await? {
            Some(bytes) => bytes,
            None => self.make_rendition(username, &image, &object, (width, image.height_at(width)), format).await?,
        };
        // It may be the image itself.
        let format = Format::of(&bytes).unwrap_or(format);
        let etag = format!("{}-{width}-{}", file.id(), format.extension());
        Ok(Some(Rendition { bytes, format, etag }))
    }

    /// What is listed of an image.
    async fn listed(&self, username: &Username, file: &ImageName) -> Result<Option<Image>, Fault> {
        Ok(self.known(username, file.id()).await?.filter(|image| image.file == *file))
    }

    /// What is listed of an image, whatever its name is besides the id.
    pub(super) async fn known(&self, username: &Username, id: Uuid) -> Result<Option<Image>, Fault> {
        self.store.image(username, id).await
    }

    pub(super) async fn read_original(&self, username: &Username, file: &ImageName) -> Result<Option<Bytes>, Fault> {
        self.files.read(&Object::Original(username.clone(), file.clone())).await
    }

    /// The image itself where its rendition would be larger, or takes more memory than there is; that
    /// is found out once.
    async fn make_rendition(
        &self,
        username: &Username,
        image: &Image,
        object: &Object,
        size: (u32, u32),
        format: Format,
    ) -> Result<Bytes, ImageError> {
        let permit = self.decode_permit().await?;
        // Whoever held it before may have made it.
        if let Some(bytes) = self.files.read(object).await? {
            return Ok(bytes);
        }
        let original = original(image, self.read_original(username, &image.file).await?)?;
        let image_itself = original.bytes.clone();
        let render = move |memory: &Memory<'_>| imaging::render(&original.bytes, original.format, size, format, memory);
        let bytes = match self.work(permit, render).await? {
            Ok(bytes) if bytes.len() < image_itself.len() => Bytes::from(bytes),
            Ok(_) | Err(ImagingError::TooManyPixels) => image_itself,
            Err(error @ ImagingError::NoMemory) => return Err(Fault::busy(error).into()),
            Err(error) => return Err(Fault::failed(error).into()),
        };
        self.files.write(object, bytes.clone()).await?;
        // Whoever removed the image meanwhile may have come before this.
        if self.listed(username, &image.file).await?.is_none() {
            self.files.remove(vec![object.clone()]).await?;
            return Err(ImageError::NotFound);
        }
        Ok(memory::held(bytes)?)
    }

    /// A page of the author's own images, newest first, from the one before `before`.
    ///
    /// # Errors
    /// [`ImageError::Fault`].
    pub async fn list(&self, author: &Session, before: Option<Uuid>, limit: u32) -> Result<ImagesPage, ImageError> {
        Ok(self.store.images_of(&author.username, before, limit).await?)
    }

    /// Removes an image and every rendition of it. `username` is whatever was asked for,
    /// `me` for the author themself.
    ///
    /// # Errors
    /// [`ImageError::NotFound`]; [`ImageError::NotOwner`] for the image of another.
    pub async fn remove(&self, author: &Session, username: &str, file: &str) -> Result<(), ImageError> {
        let own = username == "me" || username.parse().is_ok_and(|username: Username| username == author.username);
        if !own {
            return Err(ImageError::NotOwner);
        }
        let username = &author.username;
        let file: ImageName = file.parse().map_err(|_| ImageError::NotFound)?;
        let image = self.listed(username, &file).await?.ok_or(ImageError::NotFound)?;
        let mut objects = vec![Object::Original(username.clone(), file.clone())];
        for width in image.rendition_widths() {
            for format in [Format::Jpeg, Format::Png, Format::WebP] {
                objects.push(Object::Rendition(username.clone(), file.clone(), width, format));
            }
        }
        // With this it is removed: nobody is shown what is not listed.
        self.store.remove(username, file.id()).await?;
        if let Err(error) = self.files.remove(objects).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "files of a removed image are left in the storage"
            );
        }
        Ok(())
    }

    /// Where an image is found.
    #[must_use]
    pub fn url(&self, address: &ImageAddress) -> String {
        address.url(&self.api_base_url)
    }

    /// Counts what an author uploads.
    pub(super) async fn count(&self, author: &Session, bytes: usize) -> Result<(), LimitError> {
        self.limits.take_many(Limit::ImageQuota, Subject::User(author.user_id), bytes as u64).await
    }

    /// Looks at an upload.
    pub(super) async fn prepare(&self, bytes: Bytes) -> Result<Prepared, ImageError> {
        let permit = self.decode_permit().await?;
        let prepare = move |memory: &Memory<'_>| imaging::prepare(&bytes, memory);
        self.work(permit, prepare).await?.map_err(ImageError::of_upload)
    }

    /// Works on an image on a thread of its own. What takes more than its share of the memory
    /// takes it from that for requests.
    async fn work<T: Send + 'static>(
        &self,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(&Memory<'_>) -> Result<T, ImagingError> + Send + 'static,
    ) -> Result<Result<T, ImagingError>, Fault> {
        let (share, budget) = (self.decode_memory * 3 / 7, memory::budget());
        // What takes more would be told to come back for ever.
        let max = self.decode_memory.min(share.saturating_add(memory::most() as u64));
        let work = move || {
            // The work itself holds the permit: a caller that goes away leaves it running.
            let _permit = permit;
            let held = RefCell::default();
            let reserve = |bytes: u64| {
                let beyond = usize::try_from(bytes.saturating_sub(share)).unwrap_or(usize::MAX);
                held.take();
                budget.hold(beyond).is_ok_and(|permit| held.replace(Some(permit)).is_none())
            };
            work(&Memory { max, reserve: &reserve })
        };
        background::run("image", work).await
    }

    /// Stores the bytes of an image, which nobody knows of yet.
    pub(super) async fn store(
        &self,
        author: &Session,
        file: ImageName,
        prepared: Prepared,
    ) -> Result<Image, ImageError> {
        let Prepared { bytes, width, height, animated, .. } = prepared;
        let created_at = self.clock.now();
        let checksum = Some(crc32fast::hash(&bytes));
        let image = Image { file, created_at, width, height, bytes: bytes.len() as u64, animated, checksum };
        self.files.write(&Object::Original(author.username.clone(), image.file.clone()), bytes.into()).await?;
        Ok(image)
    }

    pub(super) async fn add(
        &self,
        author: &Session,
        images: &[Image],
        request: Option<&NamedRequest>,
    ) -> Result<(), AddError> {
        self.store.add(author, images, request).await
    }

    async fn decode_permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        timeout(DECODE_TIMEOUT, Arc::clone(&self.decoding).acquire_owned())
            .await
            .map_err(Fault::busy)?
            .map_err(Fault::failed)
    }
}

/// An image as it is shown, if its bytes are there and those that were stored.
pub(super) fn original(image: &Image, bytes: Option<Bytes>) -> Result<Rendition, Fault> {
    let bytes = bytes.ok_or_else(|| Fault::failed(format!("the file of image {} is missing", image.file)))?;
    let intact = bytes.len() as u64 == image.bytes && image.checksum.is_none_or(|crc| crc == crc32fast::hash(&bytes));
    if !intact {
        return Err(Fault::failed(format!("the file of image {} is damaged", image.file)));
    }
    Ok(Rendition { bytes, format: image.file.format(), etag: image.file.id().to_string() })
}
