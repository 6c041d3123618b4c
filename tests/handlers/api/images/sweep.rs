//! Objects that belong to no image.

use std::sync::Arc;

use bytes::Bytes;
use talelio::business::{
    AccountStore, Clock, Image, ImageName, ImageObjects, ImageStore, Job, NewAccount, Object, PasswordHash, Session,
    SweepObjects, SystemClock, Timestamp, Username,
};
use talelio::database::Database;
use talelio::imaging::Format;
use talelio::objects::Objects;
use tempfile::tempdir;

use crate::harness::bucket;

const DAY: u32 = 24 * 3_600;

/// A clock that stands at a time.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn username(name: &str) -> Username {
    name.parse().unwrap()
}

fn file(number: u8) -> ImageName {
    format!("a_0198c0de-0000-7000-8000-00000000000{number}.png").parse().unwrap()
}

/// Everything that is stored: an image that is listed, one that is not, an upload, and an object of
/// somebody whom nobody knows.
async fn store(database: &Database, objects: &Objects) -> [Object; 5] {
    let created_at = SystemClock.now();
    let new = NewAccount {
        created_at,
        email: "ada@example.com".parse().unwrap(),
        username: username("ada"),
        password: PasswordHash::from_stored("x".to_owned()),
    };
    database.register(new, None, None).await.unwrap();
    let image = Image { file: file(1), created_at, width: 1, height: 1, bytes: 3, animated: false, checksum: None };
    let ada = Session { user_id: 1, username: username("ada") };
    database.add(&ada, &[image], None).await.unwrap();
    let upload = "a_0198c0de-0000-7000-8000-000000000003".parse().unwrap();
    let stored = [
        Object::Original(username("ada"), file(1)),
        Object::Original(username("ada"), file(2)),
        Object::Rendition(username("ada"), file(2), 320, Format::Png),
        Object::Upload(username("ada"), upload),
        Object::Original(username("bob"), file(4)),
    ];
    for object in &stored {
        objects.write(object, Bytes::from_static(b"abc")).await.unwrap();
    }
    stored
}

/// Sweeps at a time, and says which objects are there afterwards.
async fn swept(database: &Arc<Database>, objects: &Arc<Objects>, stored: &[Object], now: Timestamp) -> Vec<bool> {
    let job = SweepObjects::new(Arc::clone(database), objects.clone(), Arc::new(At(now)));
    assert!(job.is_due().await.unwrap());
    while job.run().await.unwrap().more {}
    assert!(!job.is_due().await.unwrap());
    let mut there = Vec::new();
    for object in stored {
        there.push(objects.read(object).await.unwrap().is_some());
    }
    there
}

async fn assert_swept(objects: Objects) {
    let (database, objects) = (Arc::new(Database::embedded(None).await.unwrap()), Arc::new(objects));
    let stored = store(&database, &objects).await;
    let now = SystemClock.now();
    // Uploads may still be under way, and whoever has put back an older table has a week.
    for day in 0..7 {
        assert_eq!(swept(&database, &objects, &stored, now.plus_seconds(day * DAY)).await, [true; 5]);
    }
    let late = now.plus_seconds(10 * DAY);
    for day in 0..7 {
        assert_eq!(swept(&database, &objects, &stored, late.plus_seconds(day * DAY)).await, [true; 5]);
    }
    let later = late.plus_seconds(7 * DAY);
    assert_eq!(swept(&database, &objects, &stored, later).await, [true, false, false, false, true]);
}

#[tokio::test]
async fn objects_without_an_image_are_removed_when_they_are_old() {
    let folder = tempdir().unwrap();
    assert_swept(Objects::local(Some(folder.path())).unwrap()).await;
    assert_swept(Objects::local(None).unwrap()).await;
    if let Some(bucket) = bucket().await {
        assert_swept(Objects::bucket(&bucket).unwrap()).await;
    }
}

#[tokio::test]
async fn what_a_write_left_that_broke_off_is_removed() {
    let folder = tempdir().unwrap();
    let objects = Objects::local(Some(folder.path())).unwrap();
    let left = folder.path().join(format!("users/ada/images/{}", file(2)));
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("original#1"), "ab").unwrap();
    let (database, objects) = (Arc::new(Database::embedded(None).await.unwrap()), Arc::new(objects));
    let stored = store(&database, &objects).await;
    let now = SystemClock.now();
    for day in 0..=8 {
        swept(&database, &objects, &stored, now.plus_seconds(day * DAY)).await;
    }
    assert!(!left.exists());
}
