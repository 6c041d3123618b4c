//! The keys of all items. `docs/data-model.md` says what stands under them.

use std::collections::HashMap;
use std::fmt;
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

/// The number of a change, from the sort key of its entry.
pub(super) fn change_number(sk: &str) -> Option<u64> {
    sk.strip_prefix("CHANGE#")?.parse().ok()
}

/// An ordered list of articles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListName {
    /// Of all that readers are shown, by when they were published.
    Site,
    /// Of those of an author among them.
    Author(Username),
    /// Of those with a tag among them, which is given by its name in URLs.
    Tag(Slug),
    /// Of all others with a tag: drafts, unlisted and deleted ones, by when they were made.
    HiddenTag(Slug),
    /// Of an author's drafts, by when they were changed.
    Drafts(Username),
    /// Of those of an author that only their addresses lead to, by when they were published.
    Unlisted(Username),
    /// Of those that an author has deleted, by when.
    Bin(Username),
    /// Of those that anybody has deleted.
    AllBins,
}

impl ListName {
    /// Whether it is there from the beginning of a site or an author on. Others begin with their first
    /// article, and end with their last.
    pub(super) fn is_always_there(&self) -> bool {
        matches!(self, Self::Site | Self::Author(_))
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => f.write_str("SITE"),
            Self::Author(username) => write!(f, "AUTHOR#{}", username.key()),
            Self::Tag(tag) => write!(f, "TAG#{tag}"),
            Self::HiddenTag(tag) => write!(f, "HIDDEN_TAG#{tag}"),
            Self::Drafts(username) => write!(f, "DRAFTS#{}", username.key()),
            Self::Unlisted(username) => write!(f, "UNLISTED#{}", username.key()),
            Self::Bin(username) => write!(f, "BIN#{}", username.key()),
            Self::AllBins => f.write_str("BIN"),
        }
    }
}

/// The format that everything is stored in.
pub(super) fn format() -> Key {
    Key::new("SITE".to_owned(), "FORMAT")
}

/// What stores from before there were formats have.
pub(super) fn unreleased() -> Key {
    Key::new("SITE".to_owned(), "PUBLICATIONS")
}

/// The last number of an article that was given out.
pub(super) fn article_counter() -> Key {
    Key::new("SITE".to_owned(), "ARTICLES")
}

/// The number of the last change.
pub(super) fn change_counter() -> Key {
    Key::new("SITE".to_owned(), "CHANGES")
}

/// A change that readers could see.
pub(super) fn change(number: u64) -> Key {
    Key::new("CHANGES".to_owned(), format!("CHANGE#{number:012}"))
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

/// What a user says beside what everybody sees of them everywhere.
pub(super) fn bio(username: &Username) -> Key {
    Key::new(user_partition(username), "BIO")
}

pub(super) fn refresh_token(username: &Username) -> Key {
    Key::new(user_partition(username), "REFRESH_TOKEN")
}

/// The root of a list. Those of tags stand together, so that all are read at once.
pub(super) fn list_root(list: &ListName) -> Key {
    match list {
        ListName::Tag(tag) => Key::new(TAGS.to_owned(), format!("{TAG}{tag}")),
        _ => Key::new(list_partition(list), "ROOT"),
    }
}

/// A series.
pub(super) fn series(slug: &Slug) -> Key {
    Key::new(ALL_SERIES.to_owned(), format!("{ALL_SERIES}#{slug}"))
}

/// The partition of all series.
pub(super) const ALL_SERIES: &str = "SERIES";

/// The name of a series in URLs, from its sort key.
pub(super) fn series_slug(sk: &str) -> Option<Slug> {
    sk.strip_prefix(ALL_SERIES)?.strip_prefix('#')?.parse().ok()
}

/// The partition of the roots of tags.
pub(super) const TAGS: &str = "TAGS";

const TAG: &str = "TAG#";

/// The sort keys of the roots of tags after one, or of all.
pub(super) fn tags_after(tag: Option<&Slug>) -> RangeInclusive<String> {
    after(TAG, tag)
}

/// The sort keys of series after one, or of all.
pub(super) fn series_after(series: Option<&Slug>) -> RangeInclusive<String> {
    after(&format!("{ALL_SERIES}#"), series)
}

/// The sort keys with a prefix and a slug after one, or any. Nothing in a slug sorts before a control character.
fn after(prefix: &str, slug: Option<&Slug>) -> RangeInclusive<String> {
    let first = slug.map_or_else(|| prefix.to_owned(), |slug| format!("{prefix}{slug}\u{1}"));
    first..=format!("{prefix}\u{10ffff}")
}

/// The tag of a root among those of tags, from its sort key.
pub(super) fn tag(sk: &str) -> Option<Slug> {
    sk.strip_prefix(TAG)?.parse().ok()
}

/// The partition of a list.
pub(super) fn list_partition(list: &ListName) -> String {
    format!("LIST#{list}")
}

/// Another node of a list.
pub(super) fn list_node(list: &ListName, number: u64) -> Key {
    Key::new(list_partition(list), format!("NODE#{number:012}"))
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

/// The number of a project, from the sort key of its item.
pub(super) fn project_id(sk: &str) -> Option<u64> {
    sk.strip_prefix("PROJECT#")?.parse().ok()
}

pub(super) fn project(username: &Username, id: u64) -> Key {
    Key::new(user_partition(username), format!("PROJECT#{id:012}"))
}

/// Whose the project of a number is.
pub(super) fn project_owner(id: u64) -> Key {
    Key::new(format!("PROJECT#{id:012}"), "OWNER")
}

/// An image. The ids of later ones are higher, as numbers and as texts.
pub(super) fn image(username: &Username, id: Uuid) -> Key {
    Key::new(user_partition(username), format!("IMAGE#{id}"))
}

/// What an article is, but for its text.
pub(super) fn article(id: u64) -> Key {
    Key::new(format!("ARTICLE#{id:012}"), "HEAD")
}

/// A revision of an article. Numbers sort as their keys do.
pub(super) fn revision(id: u64, number: u64) -> Key {
    Key::new(article(id).pk, format!("{REVISION}{number:012}"))
}

/// The highest number of a revision that sorts where it should.
pub(super) const MAX_REVISION: u64 = 999_999_999_999;

const REVISION: &str = "REVISION#";

/// Whether the item of an article with a sort key is a revision of it.
pub(super) fn is_revision(sk: &str) -> bool {
    sk.starts_with(REVISION)
}

/// A link that shows an article to whoever has it.
pub(super) fn preview(id: u64, link: &str) -> Key {
    Key::new(article(id).pk, format!("{PREVIEW}{link}"))
}

/// The sort keys of all such links.
pub(super) fn previews() -> RangeInclusive<String> {
    PREVIEW.to_owned()..=format!("{PREVIEW}~")
}

const PREVIEW: &str = "PREVIEW#";

/// A slug that an article had until a version of it.
pub(super) fn moved(id: u64, version: u64) -> Key {
    Key::new(article(id).pk, format!("MOVED#{version:012}"))
}

/// Whether the item of an article with a sort key is a slug that it had.
pub(super) fn is_moved(sk: &str) -> bool {
    sk.starts_with("MOVED#")
}

/// The number of a node, from its sort key; the root has none.
pub(super) fn node_number(sk: &str) -> Option<u64> {
    sk.strip_prefix("NODE#")?.parse().ok()
}

/// The number of an article, from the partition key of what it is.
pub(super) fn article_id(pk: &str) -> Option<u64> {
    pk.strip_prefix("ARTICLE#")?.parse().ok()
}

/// The article of a slug.
pub(super) fn slug(slug: &Slug) -> Key {
    Key::new(slug_partition(slug), "ARTICLE")
}

/// A part of a text, which is never changed.
pub(super) fn content_part(content: Uuid, part: usize) -> Key {
    Key::new(format!("CONTENT#{content}"), format!("PART#{part:02}"))
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

fn slug_partition(slug: &Slug) -> String {
    format!("SLUG#{slug}")
}

/// The highest number that a slug was given with, `-2` and up.
pub(super) fn slug_counter(slug: &Slug) -> Key {
    Key::new(slug_partition(slug), "NUMBERS")
}
