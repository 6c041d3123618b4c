//! What is known of images, an item each; their bytes are in `src/objects/`.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::ProfileItem;
use super::error::readable;
use super::table::{Expression, Item, Transaction, TransactionOutcome, backoff, from_item, number};
use super::{Database, idempotency, keys};
use crate::business::{AddError, Fault, Image, ImageStore, ImagesPage, NamedRequest, Session, Username};

/// How often an upload is tried against what changes the author's profile.
const ATTEMPTS: u32 = 8;

#[derive(Serialize, Deserialize)]
struct ImageItem {
    file: String,
    created_at: String,
    width: u32,
    height: u32,
    bytes: u64,
    animated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<u32>,
}

impl From<&Image> for ImageItem {
    fn from(image: &Image) -> Self {
        Self {
            file: image.file.to_string(),
            created_at: image.created_at.to_string(),
            width: image.width,
            height: image.height,
            bytes: image.bytes,
            animated: image.animated,
            checksum: image.checksum,
        }
    }
}

pub(super) fn image(item: Item) -> Result<Image, Fault> {
    let item: ImageItem = from_item(item)?;
    Ok(Image {
        file: item.file.parse().map_err(Fault::failed)?,
        created_at: item.created_at.parse().map_err(Fault::failed)?,
        width: item.width,
        height: item.height,
        bytes: item.bytes,
        animated: item.animated,
        checksum: item.checksum,
    })
}

fn readable_images(items: Vec<Item>) -> Result<Vec<Image>, Fault> {
    items.into_iter().filter_map(|item| readable("image", image(item)).transpose()).collect()
}

#[async_trait]
impl ImageStore for Database {
    async fn add(&self, author: &Session, images: &[Image], request: Option<&NamedRequest>) -> Result<(), AddError> {
        let is_author = Expression::condition("id = :id").value(":id", number(author.user_id));
        let mut addition = Transaction::new(&self.table);
        addition.check(&keys::profile(&author.username), &is_author)?;
        for image in images {
            addition.put(&keys::image(&author.username, image.file.id()), &ImageItem::from(image))?;
        }
        let files: Vec<_> = images.iter().map(|image| image.file.to_string()).collect();
        let record = idempotency::record(&mut addition, request, &files.join("/"))?;
        for attempt in 0..ATTEMPTS {
            match addition.commit().await? {
                TransactionOutcome::Committed => return Ok(()),
                TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                    return Err(AddError::Done);
                }
                TransactionOutcome::ConditionsFailed(_) => return Err(AddError::UnknownAuthor),
                // The author publishes an article at the same time.
                TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many uploads at once").into())
    }

    async fn image(&self, username: &Username, id: Uuid) -> Result<Option<Image>, Fault> {
        self.table.find(&keys::image(username, id)).await?.map(image).transpose()
    }

    async fn images(&self, images: &[(Username, Uuid)]) -> Result<Vec<Image>, Fault> {
        let keys: Vec<_> = images.iter().map(|(username, id)| keys::image(username, *id)).collect();
        let found = self.table.batch_get_readable(&keys).await?;
        readable_images(found.into_values().collect())
    }

    async fn images_of(&self, username: &Username, before: Option<Uuid>, limit: u32) -> Result<ImagesPage, Fault> {
        let newest = before.map_or(Uuid::max(), |before| Uuid::from_u128(before.as_u128().saturating_sub(1)));
        let (oldest, newest) = (keys::image(username, Uuid::nil()), keys::image(username, newest));
        // One more than asked for tells whether there are more.
        let items = self.table.query_backward(&oldest.pk, oldest.sk..=newest.sk, limit + 1).await?;
        let more = items.len() > limit as usize;
        let items: Vec<_> = items.into_iter().take(limit as usize).collect();
        let found = items.len();
        let images = readable_images(items)?;
        Ok(ImagesPage { unreadable: found - images.len(), images, more })
    }

    async fn remove(&self, username: &Username, id: Uuid) -> Result<(), Fault> {
        self.table.delete(&keys::image(username, id)).await
    }

    async fn is_user(&self, username: &Username) -> Result<bool, Fault> {
        Ok(self.table.get::<ProfileItem>(&keys::profile(username)).await?.is_some())
    }
}
