//! The bytes of images: in an S3 bucket, in a folder or in memory.
//!
//! [`Objects`] implements [`ImageObjects`] on the crate `object_store`. An image is
//! `users/<username>/images/<file>/original`, a rendition of it `.../<width>.<extension>`
//! beside that; what was sent to a presigned URL is `uploads/<username>/<upload>`
//! until it is confirmed. Nothing in here is public by itself: readers come through
//! the API.

mod http;
mod listing;
mod s3;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use metrics::counter;
use object_store::aws::AmazonS3;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::signer::{Method, Signer};
use object_store::{Error, ObjectStore, ObjectStoreExt, path};
use tokio::time::timeout;

use http::transfer_time;
pub use s3::BucketConfig;

use crate::business::{Fault, ImageObjects, Object, Probe, memory};

/// How long an operation may take with all of its attempts, until an answer begins: whoever
/// asked should hear in two seconds that nothing came of it.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(1_700);

/// Why a storage could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the storage of images")]
pub struct OpenError(#[from] Error);

/// The storage behind the image rules.
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// The same store, if it can be sent to by whoever has an address.
    s3: Option<Arc<AmazonS3>>,
    /// Where it is, if it is a folder.
    folder: Option<PathBuf>,
}

impl Objects {
    /// An S3 bucket. Nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenError`] when the bucket or its endpoint cannot be one.
    pub fn bucket(bucket: &BucketConfig) -> Result<Self, OpenError> {
        let s3 = Arc::new(s3::connect(bucket)?);
        Ok(Self { store: s3.clone(), s3: Some(s3), folder: None })
    }

    /// A folder, which is made when missing; without one, memory only.
    ///
    /// # Errors
    /// [`OpenError`] when the folder cannot be used.
    pub fn local(folder: Option<&Path>) -> Result<Self, OpenError> {
        let Some(folder) = folder else {
            return Ok(Self { store: Arc::new(InMemory::new()), s3: None, folder: None });
        };
        std::fs::create_dir_all(folder).map_err(|error| Error::Generic { store: "folder", source: error.into() })?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), s3: None, folder: Some(folder.to_owned()) })
    }
}

impl Objects {
    /// Removes what is at these paths, as far as it is there.
    async fn delete(&self, paths: Vec<path::Path>) -> Result<(), Fault> {
        let paths: Vec<_> = paths.into_iter().map(Ok).collect();
        let mut removed = self.store.delete_stream(stream::iter(paths).boxed());
        while let Some(one) = timeout(OPERATION_TIMEOUT, removed.next()).await.map_err(Fault::unavailable)? {
            match one {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(fault(&error)),
            }
        }
        Ok(())
    }
}

fn path_of(object: &Object) -> path::Path {
    match object {
        Object::Original(username, file) => format!("users/{}/images/{file}/original", username.key()),
        Object::Rendition(username, file, width, format) => {
            format!("users/{}/images/{file}/{width}.{}.crc32", username.key(), format.extension())
        }
        Object::Upload(username, upload) => format!("uploads/{}/{upload}", username.key()),
    }
    .into()
}

/// Where an object was before renditions had a checksum.
fn former_path_of(object: &Object) -> Option<path::Path> {
    let path = is_sealed(object).then(|| path_of(object))?;
    Some(path.as_ref().strip_suffix(".crc32")?.into())
}

/// Whether an object has its checksum behind its bytes. That of an original is in the item that
/// lists it.
fn is_sealed(object: &Object) -> bool {
    matches!(object, Object::Rendition(..))
}

/// Bytes with their CRC-32 behind them.
fn seal(bytes: &[u8]) -> Bytes {
    [bytes, &crc32fast::hash(bytes).to_le_bytes()].concat().into()
}

/// The bytes before a checksum; none if it is not theirs, as if they were not there: a rendition
/// can be made again.
fn unseal(sealed: &Bytes) -> Option<Bytes> {
    let (bytes, checksum) = sealed.split_last_chunk::<4>()?;
    let intact = crc32fast::hash(bytes).to_le_bytes() == *checksum;
    if !intact {
        tracing::warn!("a rendition of an image is damaged, and is made again");
    }
    intact.then(|| sealed.slice(..bytes.len()))
}

/// The result of an operation that moves so many bytes; none for what is not there.
async fn outcome<T>(
    bytes: usize,
    operation: impl Future<Output = object_store::Result<T>>,
) -> Result<Option<T>, Fault> {
    let (outcome, result) = match timeout(OPERATION_TIMEOUT + transfer_time(bytes), operation).await {
        Ok(Ok(value)) => ("done", Ok(Some(value))),
        Ok(Err(Error::NotFound { .. })) => ("not_found", Ok(None)),
        Ok(Err(error)) => ("failed", Err(fault(&error))),
        Err(late) => ("late", Err(Fault::unavailable(late))),
    };
    counter!("talelio_object_requests_total", "outcome" => outcome).increment(1);
    result
}

/// An error as one of ours. Nothing that it is about was changed that anybody would see: an
/// object is known to nobody before it is there, and no more before it is removed.
fn fault(error: &Error) -> Fault {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(source) = cause {
        if source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::StorageFull) {
            return Fault::Full(error.to_string().into());
        }
        cause = source.source();
    }
    // It tells of its sources by itself.
    Fault::unavailable(error.to_string())
}

#[async_trait]
impl ImageObjects for Objects {
    async fn read(&self, object: &Object) -> Result<Option<Bytes>, Fault> {
        let path = path_of(object);
        let Some(found) = outcome(0, self.store.get(&path)).await? else { return Ok(None) };
        let size = usize::try_from(found.meta.size).map_err(Fault::failed)?;
        let permit = memory::hold(size)?;
        let bytes = outcome(size, found.bytes()).await?.map(|bytes| memory::holding(bytes, permit));
        Ok(if is_sealed(object) { bytes.and_then(|bytes| unseal(&bytes)) } else { bytes })
    }

    async fn size(&self, object: &Object) -> Result<Option<u64>, Fault> {
        Ok(outcome(0, self.store.head(&path_of(object))).await?.map(|meta| meta.size))
    }

    async fn write(&self, object: &Object, bytes: Bytes) -> Result<(), Fault> {
        let bytes = if is_sealed(object) { seal(&bytes) } else { bytes };
        let written = outcome(bytes.len(), self.store.put(&path_of(object), bytes.into())).await?;
        written.map(|_| ()).ok_or_else(|| Fault::failed("the storage of images is not there"))
    }

    async fn remove(&self, objects: Vec<Object>) -> Result<(), Fault> {
        let paths = objects.iter().flat_map(|object| [Some(path_of(object)), former_path_of(object)]);
        self.delete(paths.flatten().collect()).await
    }

    async fn upload_url(&self, object: &Object, seconds: u64) -> Result<Option<String>, Fault> {
        let Some(s3) = &self.s3 else { return Ok(None) };
        let path = path_of(object);
        let signing = s3.signed_url(Method::PUT, &path, Duration::from_secs(seconds));
        Ok(outcome(0, signing).await?.map(String::from))
    }
}

#[async_trait]
impl Probe for Objects {
    async fn probe(&self) -> Result<(), Fault> {
        // There is no such object, which takes a storage to know.
        outcome(0, self.store.head(&path::Path::from("probe"))).await.map(drop)
    }
}
