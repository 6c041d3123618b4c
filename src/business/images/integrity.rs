//! Whether the images that are listed and the files that are stored agree.

use std::collections::HashSet;

use uuid::Uuid;

use super::image::Image;
use super::name::ImageName;
use super::service::{Images, original};
use crate::business::{Fault, Session, Timestamp, Username};

/// Files that nobody is shown.
#[derive(Clone, Debug, Default)]
pub struct Unlisted {
    /// Those of how many images, which are not listed: what is left of uploads that broke off and of
    /// images that were removed.
    pub images: usize,
    /// Users who have files and are not in the table.
    pub unknown_owners: Vec<Username>,
}

impl Images {
    /// Looks whether the file of an image is there and is what was uploaded.
    ///
    /// # Errors
    /// [`Fault::Failed`] when it is not; others when that cannot be found out.
    pub async fn check(&self, username: &Username, image: &Image) -> Result<(), Fault> {
        original(image, self.read_original(username, &image.file).await?).map(drop)
    }

    /// The files that are of no image in `images`.
    ///
    /// # Errors
    /// [`Fault`] when the files cannot be listed.
    pub async fn unlisted(&self, images: &[(Username, Image)]) -> Result<Unlisted, Fault> {
        let listed: HashSet<_> = images.iter().map(|(username, image)| (username.key(), image.file.id())).collect();
        let mut unlisted = Unlisted::default();
        for owner in self.listing.owners().await? {
            if !self.store.is_user(&owner).await.unwrap_or(true) {
                unlisted.unknown_owners.push(owner);
                continue;
            }
            let files = self.listing.images_of(&owner).await?;
            unlisted.images += files.iter().filter(|file| !listed.contains(&(owner.key(), file.id()))).count();
        }
        Ok(unlisted)
    }

    /// Lists an image again, of which only the file can be read. None if that cannot be either.
    ///
    /// # Errors
    /// [`Fault`] when that cannot be found out.
    pub async fn relist(&self, author: &Session, id: Uuid) -> Result<Option<ImageName>, Fault> {
        let files = self.listing.images_of(&author.username).await?;
        let Some(file) = files.into_iter().find(|file| file.id() == id) else { return Ok(None) };
        let Some(bytes) = self.read_original(&author.username, &file).await? else { return Ok(None) };
        let Ok(prepared) = self.prepare(bytes.clone()).await else { return Ok(None) };
        let image = Image {
            file: file.clone(),
            created_at: created_at(id),
            width: prepared.width,
            height: prepared.height,
            bytes: bytes.len() as u64,
            animated: prepared.animated,
            checksum: Some(crc32fast::hash(&bytes)),
        };
        self.add(author, &[image], None).await.map_err(Fault::failed)?;
        Ok(Some(file))
    }
}

/// When an image was uploaded, as its id has it.
fn created_at(id: Uuid) -> Timestamp {
    let (seconds, nanoseconds) = id.get_timestamp().map(|time| time.to_unix()).unwrap_or_default();
    let moment = Timestamp::from_unix_seconds(i64::try_from(seconds).unwrap_or_default());
    moment.plus_milliseconds(nanoseconds / 1_000_000)
}
