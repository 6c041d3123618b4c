//! Which objects there are.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, ObjectStore as _};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Objects, fault};
use crate::business::{Fault, ImageName, ObjectListing, Timestamp, Username};

/// How long a listing or a removal of many may take: nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

fn images_prefix(owner: &Username) -> Path {
    format!("users/{}/images", owner.key()).into()
}

/// The last parts of the folders that are right under a prefix, as far as they are such.
fn folders<T: std::str::FromStr>(listed: &ListResult) -> impl Iterator<Item = T> {
    listed.common_prefixes.iter().filter_map(|folder| folder.filename()?.parse().ok())
}

fn locations(objects: Vec<ObjectMeta>) -> Vec<Path> {
    objects.into_iter().map(|object| object.location).collect()
}

fn is_before(object: &ObjectMeta, time: Timestamp) -> bool {
    object.last_modified.timestamp() < time.unix_seconds()
}

impl Objects {
    async fn folders<T: std::str::FromStr>(&self, prefix: Path) -> Result<Vec<T>, Fault> {
        let listed = timeout(PATIENCE, self.store.list_with_delimiter(Some(&prefix))).await;
        Ok(folders(&listed.map_err(Fault::unavailable)?.map_err(|error| fault(&error))?).collect())
    }

    async fn list(&self, prefix: &Path) -> Result<Vec<ObjectMeta>, Fault> {
        let listed = timeout(PATIENCE, self.store.list(Some(prefix)).try_collect()).await;
        listed.map_err(Fault::unavailable)?.map_err(|error| fault(&error))
    }

    /// The folder of an image, where images are in folders.
    fn folder_of(&self, prefix: &Path) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(prefix.as_ref()))
    }
}

/// Removes a folder with everything in it, also what a write left that broke off, if nothing in it
/// was changed since a time.
fn remove_folder(folder: &PathBuf, before: Timestamp) -> io::Result<bool> {
    let seconds = u64::try_from(before.unix_seconds()).unwrap_or_default();
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let mut modified = vec![fs::metadata(folder)?.modified()?];
    for file in fs::read_dir(folder)? {
        modified.push(file?.metadata()?.modified()?);
    }
    let is_old = modified.into_iter().all(|modified| modified < before);
    if is_old {
        fs::remove_dir_all(folder)?;
    }
    Ok(is_old)
}

#[async_trait]
impl ObjectListing for Objects {
    async fn owners(&self) -> Result<Vec<Username>, Fault> {
        let mut owners: Vec<Username> = self.folders("users".into()).await?;
        owners.extend(self.folders::<Username>("uploads".into()).await?);
        owners.sort_by_cached_key(Username::key);
        owners.dedup();
        Ok(owners)
    }

    async fn images_of(&self, owner: &Username) -> Result<Vec<ImageName>, Fault> {
        self.folders(images_prefix(owner)).await
    }

    async fn remove_image(&self, owner: &Username, file: &ImageName, before: Timestamp) -> Result<bool, Fault> {
        let prefix = images_prefix(owner).join(file.to_string());
        if let Some(folder) = self.folder_of(&prefix) {
            let removed = spawn_blocking(move || remove_folder(&folder, before)).await.map_err(Fault::failed)?;
            return match removed {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                removed => removed.map_err(Fault::unavailable),
            };
        }
        let objects = self.list(&prefix).await?;
        let is_old = objects.iter().all(|object| is_before(object, before));
        if is_old {
            self.delete(locations(objects)).await?;
        }
        Ok(is_old)
    }

    async fn remove_uploads(&self, owner: &Username, before: Timestamp) -> Result<u64, Fault> {
        let mut uploads = self.list(&format!("uploads/{}", owner.key()).into()).await?;
        uploads.retain(|upload| is_before(upload, before));
        let count = uploads.len() as u64;
        self.delete(locations(uploads)).await?;
        Ok(count)
    }
}
