//! The keys of all items. `docs/data-model.md` says what stands under them.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::business::{Email, Limit, Slug, Timestamp, Username};

/// Where an item stands: partition key and sort key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(super) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// How many articles there are, and the newest.
pub(super) fn publications() -> Key {
    Key::new("SITE".to_owned(), "PUBLICATIONS")
}

/// What the store is known by.
pub(super) fn store_id() -> Key {
    Key::new("SITE".to_owned(), "STORE")
}

/// The last account number given out.
pub(super) fn account_counter() -> Key {
    Key::new("SITE".to_owned(), "ACCOUNTS")
}

pub(super) fn account(email: &Email) -> Key {
    Key::new(format!("ACCOUNT#{}", email.key()), "ACCOUNT")
}

fn user_partition(username: &Username) -> String {
    user_partition_of(username.as_str())
}

/// The partition of a user whose name stands in an item.
pub(super) fn user_partition_of(username: &str) -> String {
    format!("USER#{}", username.to_ascii_lowercase())
}

pub(super) fn profile(username: &Username) -> Key {
    Key::new(user_partition(username), "PROFILE")
}

pub(super) fn refresh_token(username: &Username) -> Key {
    Key::new(user_partition(username), "REFRESH_TOKEN")
}

/// The `position`th article of a user. Padded so that the text sorts as the
/// number does.
pub(super) fn user_article(username: &Username, position: u64) -> Key {
    Key::new(user_partition(username), format!("ARTICLE#{position:012}"))
}

/// The place of an article on its author's list, from the sort key of its entry.
pub(super) fn position(sk: &str) -> Option<u64> {
    sk.strip_prefix("ARTICLE#")?.parse().ok()
}

/// The user of an item in their partition.
pub(super) fn user(pk: &str) -> Option<Username> {
    pk.strip_prefix("USER#")?.parse().ok()
}

/// The last project number given out.
pub(super) fn project_counter() -> Key {
    Key::new("SITE".to_owned(), "PROJECTS")
}

/// All sort keys.
pub(super) fn any() -> RangeInclusive<String> {
    "A".to_owned()..="~".to_owned()
}

/// The highest number that sorts where it should.
pub(super) const MAX_POSITION: u64 = 999_999_999_999;

/// The number of a project, from the sort key of its item.
pub(super) fn project_id(sk: &str) -> Option<u64> {
    sk.strip_prefix("PROJECT#")?.parse().ok()
}

pub(super) fn project(username: &Username, id: u64) -> Key {
    Key::new(user_partition(username), format!("PROJECT#{id:012}"))
}

/// An image. The ids of later ones are higher, as numbers and as texts.
pub(super) fn image(username: &Username, id: Uuid) -> Key {
    Key::new(user_partition(username), format!("IMAGE#{id}"))
}

/// The partition of everything that reading an article takes.
pub(super) fn article_partition(slug: &Slug) -> String {
    format!("ARTICLE#{slug}")
}

const ARTICLE_META: &str = "META";
const ARTICLE_PART: &str = "PART#";

pub(super) fn article_meta(slug: &Slug) -> Key {
    Key::new(article_partition(slug), ARTICLE_META)
}

pub(super) fn article_part(slug: &Slug, part: usize) -> Key {
    Key::new(article_partition(slug), format!("{ARTICLE_PART}{part:02}"))
}

/// Whether the item of an article with a sort key is what stands around it.
pub(super) fn is_article_meta(sk: &str) -> bool {
    sk == ARTICLE_META
}

/// Whether it is a part of what the article says.
pub(super) fn is_article_part(sk: &str) -> bool {
    sk.starts_with(ARTICLE_PART)
}

/// What was taken of a limit in a period. `subject` says whose limit it is, and is not to be
/// read from the table.
pub(super) fn limit(limit: Limit, subject: &str, period: i64) -> Key {
    Key::new(format!("LIMIT#{limit:?}#{}", hash(subject)), format!("PERIOD#{period}"))
}

/// The failed attempts to log into an account from a place.
pub(super) fn attempts(account_and_place: &str) -> Key {
    Key::new(format!("ATTEMPTS#{}", hash(account_and_place)), "FAILURES")
}

/// What came of a request that its client has named.
pub(super) fn idempotency(id: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{id}"), "OUTCOME")
}

/// A mail that is due at a time. Those that are due earlier sort before it.
pub(super) fn mail(due_at: Timestamp, id: Uuid) -> Key {
    Key::new("OUTBOX".to_owned(), format!("DUE#{due_at}#{id}"))
}

/// Which process runs a job.
pub(super) fn lease(job: &str) -> Key {
    Key::new(format!("JOB#{job}"), "LEASE")
}

/// How far the sweep of objects has come.
pub(super) fn sweep() -> Key {
    Key::new("JOB#sweep_objects".to_owned(), "PROGRESS")
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// The highest number that a slug was given with, `-2` and up.
pub(super) fn slug_counter(slug: &Slug) -> Key {
    Key::new(format!("SLUG#{slug}"), "NUMBERS")
}
