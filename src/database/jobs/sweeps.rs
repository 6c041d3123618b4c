//! How far the sweep of objects has come.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::business::{Fault, SweepProgress, SweepStore, Username};
use crate::database::error::readable;
use crate::database::{Database, keys};

#[derive(Serialize, Deserialize)]
struct ProgressItem {
    since: String,
    due_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl TryFrom<ProgressItem> for SweepProgress {
    type Error = Fault;

    fn try_from(item: ProgressItem) -> Result<Self, Fault> {
        let after = item.after.map(|after| after.parse()).transpose().map_err(Fault::failed)?;
        let since = item.since.parse().map_err(Fault::failed)?;
        Ok(Self { since, due_at: item.due_at.parse().map_err(Fault::failed)?, after })
    }
}

#[async_trait]
impl SweepStore for Database {
    async fn sweep_progress(&self) -> Result<Option<SweepProgress>, Fault> {
        let item: Result<Option<ProgressItem>, Fault> = self.table.get(&keys::sweep()).await;
        let progress = item.and_then(|item| item.map(SweepProgress::try_from).transpose());
        // One that cannot be read begins anew.
        Ok(readable("the progress of the sweep", progress)?.flatten())
    }

    async fn may_hide_images(&self) -> Result<bool, Fault> {
        Ok(!self.table.file_problems().await?.is_empty())
    }

    async fn record_sweep_progress(&self, progress: &SweepProgress) -> Result<(), Fault> {
        let after = progress.after.as_ref().map(Username::key);
        let item = ProgressItem { since: progress.since.to_string(), due_at: progress.due_at.to_string(), after };
        self.table.put(&keys::sweep(), &item).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::business::{
        AccountStore, Clock, Image, ImageName, ImageStore, Job, JobReport, NewAccount, ObjectListing, PasswordHash,
        Session, SweepObjects, SystemClock, Timestamp, Username,
    };

    const LISTED: &str = "a_0198c0de-0000-7000-8000-000000000001.png";
    const UNLISTED: &str = "a_0198c0de-0000-7000-8000-000000000002.png";

    /// Objects of two images of ada, and of one of bob. Says what was removed.
    #[derive(Default)]
    struct Listing(Mutex<Vec<String>>);

    #[async_trait]
    impl ObjectListing for Listing {
        async fn owners(&self) -> Result<Vec<Username>, Fault> {
            Ok(vec!["ada".parse().unwrap(), "bob".parse().unwrap()])
        }

        async fn images_of(&self, _: &Username) -> Result<Vec<ImageName>, Fault> {
            Ok(vec![LISTED.parse().unwrap(), UNLISTED.parse().unwrap()])
        }

        async fn remove_image(&self, owner: &Username, file: &ImageName, _: Timestamp) -> Result<bool, Fault> {
            self.0.lock().unwrap().push(format!("{owner}/{file}"));
            Ok(true)
        }

        async fn remove_uploads(&self, _: &Username, _: Timestamp) -> Result<u64, Fault> {
            Ok(0)
        }
    }

    async fn store() -> Arc<Database> {
        let database = Database::embedded(None).await.unwrap();
        let created_at = SystemClock.now();
        let new = NewAccount {
            created_at,
            email: "ada@example.com".parse().unwrap(),
            username: "ada".parse().unwrap(),
            password: PasswordHash::from_stored("x".to_owned()),
        };
        database.register(new, None, None).await.unwrap();
        let file = LISTED.parse().unwrap();
        let image = Image { file, created_at, width: 1, height: 1, bytes: 1, animated: false, checksum: None };
        let ada = Session { user_id: 1, username: "ada".parse().unwrap() };
        database.add(&ada, &[image], None).await.unwrap();
        Arc::new(database)
    }

    /// Sweeps once, after a week of sweeps, and says what was removed.
    async fn sweep(database: &Arc<Database>) -> Vec<String> {
        let now = SystemClock.now();
        let week_ago = now.minus_seconds(8 * 24 * 3_600);
        if database.sweep_progress().await.unwrap().is_none() {
            let progress = SweepProgress { since: week_ago, due_at: now, after: None };
            database.record_sweep_progress(&progress).await.unwrap();
        }
        let listing = Arc::new(Listing::default());
        let job = SweepObjects::new(Arc::clone(database), listing.clone(), Arc::new(SystemClock));
        while job.is_due().await.unwrap() && job.run().await.unwrap() != JobReport::default() {}
        assert!(!job.is_due().await.unwrap());
        std::mem::take(&mut *listing.0.lock().unwrap())
    }

    #[tokio::test]
    async fn what_is_listed_and_what_is_of_nobody_known_is_kept() {
        let database = store().await;
        assert_eq!(sweep(&database).await, [format!("ada/{UNLISTED}")]);
        // Not again before tomorrow.
        assert_eq!(sweep(&database).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn nothing_is_removed_of_a_user_of_whom_an_image_cannot_be_read() {
        let database = store().await;
        let file: ImageName = LISTED.parse().unwrap();
        let key = keys::image(&"ada".parse().unwrap(), file.id());
        database.table.put(&key, &json!({"file": "no name of an image"})).await.unwrap();
        assert_eq!(sweep(&database).await, Vec::<String>::new());
    }
}
