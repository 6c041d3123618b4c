//! Which articles are listed together.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::article::{Article, Status};
use super::slug::Slug;
use crate::business::{Page, PageRequest, Timestamp, User, Username};

/// Articles that are listed together, newest first but for series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArticleList {
    /// All that readers are shown.
    Site,
    /// Those of an author among them.
    Author(Username),
    /// Those with a tag among them, by its [name in URLs](super::Tag::slug).
    Tag(Slug),
    /// Those of a series, by its name in URLs, in its order.
    Series(Slug),
    /// The drafts of an author, by when they were changed.
    Drafts(Username),
    /// Those of an author that only their addresses lead to.
    Unlisted(Username),
    /// Those that an author has deleted, by when.
    Bin(Username),
}

impl ArticleList {
    /// The articles of an author that are something, which may be a [part](Part::of) of the list.
    #[must_use]
    pub fn of(author: Username, status: Status) -> Self {
        match status {
            Status::Draft => Self::Drafts(author),
            Status::Scheduled | Status::Published => Self::Author(author),
            Status::Unlisted => Self::Unlisted(author),
            Status::Deleted => Self::Bin(author),
        }
    }

    /// Whose articles they are, if it is one author.
    #[must_use]
    pub fn author(&self) -> Option<&Username> {
        match self {
            Self::Site | Self::Tag(_) | Self::Series(_) => None,
            Self::Author(author) | Self::Drafts(author) | Self::Unlisted(author) | Self::Bin(author) => Some(author),
        }
    }
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// From when on; from the oldest, if there is no such time.
    pub from: Option<Timestamp>,
    /// Until before when; up to the newest, if there is no such time.
    pub before: Option<Timestamp>,
}

impl Part {
    /// What readers see of a list at a time.
    #[must_use]
    pub fn visible(now: Timestamp) -> Self {
        Self { from: None, before: Some(now.plus_milliseconds(1)) }
    }

    /// The part of its list that is something at a time.
    #[must_use]
    pub fn of(status: Status, now: Timestamp) -> Self {
        match status {
            Status::Published => Self::visible(now),
            Status::Scheduled => Self { from: Some(now.plus_milliseconds(1)), before: None },
            Status::Draft | Status::Unlisted | Status::Deleted => Self::default(),
        }
    }

    /// What is of a year, in UTC, of that.
    #[must_use]
    pub fn within_year(self, year: u16) -> Self {
        let begin = |year: u16| format!("{year:04}-01-01T00:00:00Z").parse().ok();
        let (from, end) = (begin(year), begin(year + 1));
        let before = match (self.before, end) {
            (Some(before), Some(end)) => Some(Timestamp::min(before, end)),
            (before, end) => before.or(end),
        };
        Self { from: self.from.max(from), before }
    }
}

/// What of a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Of which part.
    pub part: Part,
    /// Which page of that.
    pub pages: Pages,
    /// What of its articles.
    pub detail: Detail,
}

/// What of the articles of a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What they say; without it, their texts are empty.
    pub texts: bool,
    /// Who wrote each of them.
    pub authors: bool,
}

impl Default for Detail {
    fn default() -> Self {
        Self { texts: true, authors: false }
    }
}

/// Which page of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// That of a number.
    Number(PageRequest),
    /// What follows an article that was listed before, or the first.
    After {
        /// That article.
        cursor: Option<Cursor>,
        /// How many follow.
        limit: u32,
    },
}

/// The place of an article in a list, which stays right while others come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When it was published, changed or deleted, in milliseconds since 1970.
    pub at: i64,
    /// Its number.
    pub id: u64,
}

/// The text is no cursor.
#[derive(Debug, thiserror::Error)]
#[error("Invalid cursor")]
pub struct InvalidCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, id) = text.split_once('.').ok_or(InvalidCursor)?;
        let cursor = Self { at: at.parse().map_err(|_| InvalidCursor)?, id: id.parse().map_err(|_| InvalidCursor)? };
        // One cursor has one spelling.
        if cursor.to_string() == text { Ok(cursor) } else { Err(InvalidCursor) }
    }
}

/// Some of the articles of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The page.
    pub page: Page<Article>,
    /// Who wrote them, if it is one author.
    pub author: Option<User>,
    /// Who wrote which of them, by their numbers, if that was asked for.
    pub authors: BTreeMap<u64, User>,
    /// The place of the last one, if others follow.
    pub next: Option<Cursor>,
    /// When the next article comes into the list by itself.
    pub changes_at: Option<Timestamp>,
}
