//! The job that removes objects which belong to no image: those of uploads that broke off, and
//! what the removal of an image left.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::name::ImageName;
use super::store::ImageStore;
use crate::business::{Clock, Fault, Job, JobReport, Timestamp, Username};

/// How old an object is at least that is removed, in seconds: a week. Uploads take minutes; the
/// rest is for an operator who has put back an older table, or another.
const KEPT_SECONDS: u32 = 7 * 24 * 3_600;

/// How long it is from one sweep to the next, in seconds.
const PERIOD_SECONDS: u32 = 24 * 3_600;

/// How late the next step may be, in seconds, before it is as if there had been no sweep yet: a table
/// from a backup knows nothing of images that were uploaded after it was made.
const LATE_SECONDS: u32 = 24 * 3_600;

/// How many images are looked up at once.
const PAGE: u32 = 100;

/// How far a sweep has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepProgress {
    /// Since when there have been sweeps without a gap.
    pub since: Timestamp,
    /// When the next step is due.
    pub due_at: Timestamp,
    /// The user whose objects were looked at last; none if all were.
    pub after: Option<Username>,
}

/// What the sweep needs from storage to go on where it stopped.
#[async_trait]
pub trait SweepStore: Send + Sync {
    /// How far the sweep has come; none if there was none yet.
    async fn sweep_progress(&self) -> Result<Option<SweepProgress>, Fault>;

    /// Whether images can be hidden, as the place where they are kept is damaged.
    async fn may_hide_images(&self) -> Result<bool, Fault>;

    /// Records it.
    async fn record_sweep_progress(&self, progress: &SweepProgress) -> Result<(), Fault>;
}

/// What objects there are, whether or not anything is known of them.
#[async_trait]
pub trait ObjectListing: Send + Sync {
    /// The users who have any, in the order of their [keys](Username::key).
    async fn owners(&self) -> Result<Vec<Username>, Fault>;

    /// The images of a user that there are any of, in no order.
    async fn images_of(&self, owner: &Username) -> Result<Vec<ImageName>, Fault>;

    /// Removes everything of an image, if all of it was stored before a time. Whether it was.
    async fn remove_image(&self, owner: &Username, file: &ImageName, before: Timestamp) -> Result<bool, Fault>;

    /// Removes what a user sent to a presigned URL before a time, and says how many there were.
    async fn remove_uploads(&self, owner: &Username, before: Timestamp) -> Result<u64, Fault>;
}

/// Removes objects that belong to no image, a user at a time, once a day.
pub struct SweepObjects<S> {
    store: Arc<S>,
    objects: Arc<dyn ObjectListing>,
    clock: Arc<dyn Clock>,
}

impl<S: ImageStore + SweepStore> SweepObjects<S> {
    /// The job over `store` and `objects`.
    #[must_use]
    pub fn new(store: Arc<S>, objects: Arc<dyn ObjectListing>, clock: Arc<dyn Clock>) -> Self {
        Self { store, objects, clock }
    }

    async fn sweep(&self, owner: &Username, before: Timestamp) -> Result<u64, Fault> {
        if !self.store.is_user(owner).await? {
            tracing::warn!(%owner, "the storage of images has objects of a user whom the table does not know; they are kept");
            return Ok(0);
        }
        let files = self.objects.images_of(owner).await?;
        // Looked up after the files: an image has its files before it is listed.
        let Some(listed) = self.listed(owner).await? else {
            tracing::warn!(%owner, "images cannot be read, so none of their files are removed");
            return Ok(0);
        };
        let unlisted: Vec<_> = files.iter().filter(|file| !listed.contains(&file.id())).collect();
        if !unlisted.is_empty() && self.store.may_hide_images().await? {
            tracing::error!(%owner, "the database is damaged, so no files are removed; stop the server and run `talelio-backend check`");
            return Ok(0);
        }
        let mut removed = self.objects.remove_uploads(owner, before).await?;
        for file in unlisted {
            removed += u64::from(self.objects.remove_image(owner, file, before).await?);
        }
        Ok(removed)
    }

    /// The ids of a user's images; none if some cannot be read.
    async fn listed(&self, owner: &Username) -> Result<Option<HashSet<Uuid>>, Fault> {
        let mut ids = HashSet::new();
        let mut before = None;
        loop {
            let page = self.store.images_of(owner, before, PAGE).await?;
            if page.unreadable > 0 {
                return Ok(None);
            }
            ids.extend(page.images.iter().map(|image| image.file.id()));
            before = page.images.last().map(|image| image.file.id());
            if !page.more {
                return Ok(Some(ids));
            }
        }
    }
}

#[async_trait]
impl<S: ImageStore + SweepStore> Job for SweepObjects<S> {
    fn name(&self) -> &'static str {
        "sweep_objects"
    }

    fn period(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn is_due(&self) -> Result<bool, Fault> {
        Ok(self.store.sweep_progress().await?.is_none_or(|progress| progress.due_at <= self.clock.now()))
    }

    async fn run(&self) -> Result<JobReport, Fault> {
        let now = self.clock.now();
        let progress = self.store.sweep_progress().await?;
        let progress = progress.filter(|progress| now <= progress.due_at.plus_seconds(LATE_SECONDS));
        let (since, after) = progress.map_or((now, None), |progress| (progress.since, progress.after));
        let owners = self.objects.owners().await?;
        let next = owners.into_iter().find(|owner| after.as_ref().is_none_or(|after| after.key() < owner.key()));
        let Some(owner) = next else {
            let progress = SweepProgress { since, due_at: now.plus_seconds(PERIOD_SECONDS), after: None };
            self.store.record_sweep_progress(&progress).await?;
            return Ok(JobReport::default());
        };
        let before = now.minus_seconds(KEPT_SECONDS);
        let swept = if since <= before { self.sweep(&owner, before).await } else { Ok(0) };
        let (done, failed) = match swept {
            Ok(done) => (done, 0),
            Err(Fault::Failed(error)) => {
                // Those after them have their turn all the same.
                tracing::error!(%owner, error = &*error as &dyn std::error::Error, "files of a user not swept");
                (0, 1)
            }
            Err(fault) => return Err(fault),
        };
        self.store.record_sweep_progress(&SweepProgress { since, due_at: now, after: Some(owner) }).await?;
        Ok(JobReport { done, failed, more: true })
    }
}
