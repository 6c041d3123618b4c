//! What an article is.

use serde::{Deserialize, Serialize};

use super::series::Series;
use super::slug::Slug;
use super::tags::Tag;
use crate::business::{Author, Session, Timestamp, User};
use crate::markdown;

/// How many seconds a deleted article stays in its author's bin.
pub const BIN_SECONDS: u32 = 30 * 24 * 60 * 60;

/// Who is to see an article, as its author left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody else.
    Draft,
    /// Readers, and lists have it, from a time on.
    Listed {
        /// That time, which may be still to come.
        published_at: Timestamp,
    },
    /// Readers who know its address.
    Unlisted {
        /// Since when.
        published_at: Timestamp,
    },
}

/// What an article is at a time, as its author is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody else sees it.
    Draft,
    /// Readers will see it.
    Scheduled,
    /// Readers see it, and lists have it.
    Published,
    /// Readers see it who know its address.
    Unlisted,
    /// It is in its author's bin.
    Deleted,
}

impl Status {
    /// All that there are.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Scheduled, Self::Published, Self::Unlisted, Self::Deleted];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Published => "published",
            Self::Unlisted => "unlisted",
            Self::Deleted => "deleted",
        }
    }
}

/// Everything that an article is, but for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Given when it was made, never to another.
    pub id: u64,
    /// Goes up with every change by its author.
    pub version: u64,
    /// Goes up with saves of what it says, but those that count as one.
    pub revision: u64,
    /// Whose it is.
    pub author: Author,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its author last changed it.
    pub updated_at: Timestamp,
    /// Who is to see it, unless it is deleted.
    pub state: State,
    /// When its author deleted it, who may restore it for [a while](BIN_SECONDS).
    pub deleted_at: Option<Timestamp>,
    /// The title; a draft may have none.
    pub title: String,
    /// Its name in URLs.
    pub slug: Slug,
    /// Whether the slug stays, whatever the title becomes.
    pub slug_stays: bool,
    /// The sentence that search engines show.
    pub meta_description: String,
    /// The picture that stands for it.
    pub featured_image: Option<String>,
    /// What it is about, at most [so many](Tag::MOST).
    pub tags: Vec<Tag>,
    /// The series that it belongs to, by its name in URLs.
    pub series: Option<Slug>,
    /// Whether there is anything in its body.
    pub has_body: bool,
    /// How long that is, and what it begins with.
    pub summary: Summary,
}

/// What there is to say of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many words it has.
    pub word_count: u32,
    /// How many minutes it takes to read it, rounded up.
    pub reading_minutes: u32,
    /// Its first paragraph as plain text, or the beginning of that.
    pub excerpt: String,
}

impl From<markdown::Summary> for Summary {
    fn from(markdown::Summary { words, reading_minutes, excerpt }: markdown::Summary) -> Self {
        Self { word_count: words, reading_minutes, excerpt }
    }
}

/// A version of an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number of the article.
    pub id: u64,
    /// The number of the version.
    pub number: u64,
}

/// The versions of an article that its author means; any, if there are none.
pub type Versions = Option<Vec<Version>>;

impl Head {
    /// Which version it is.
    #[must_use]
    pub fn version(&self) -> Version {
        Version { id: self.id, number: self.version }
    }

    /// What the article is at a time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        match self.state {
            _ if self.deleted_at.is_some() => Status::Deleted,
            State::Draft => Status::Draft,
            State::Listed { published_at } if published_at > now => Status::Scheduled,
            State::Listed { .. } => Status::Published,
            State::Unlisted { .. } => Status::Unlisted,
        }
    }

    /// Since when readers see it, or when they will.
    #[must_use]
    pub fn published_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Listed { published_at } | State::Unlisted { published_at } => Some(published_at),
            State::Draft => None,
        }
    }

    /// Whether readers see it at a time.
    #[must_use]
    pub fn is_visible(&self, now: Timestamp) -> bool {
        matches!(self.status(now), Status::Published | Status::Unlisted)
    }

    /// Whether readers see it, or will.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.deleted_at.is_none() && self.state != State::Draft
    }

    /// Whether somebody has written it.
    #[must_use]
    pub fn is_by(&self, session: &Session) -> bool {
        self.author.id == session.user_id
    }

    /// Whether it was in the bin for too long: it is gone, though something may be left of it.
    #[must_use]
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.deleted_at.is_some_and(|deleted_at| deleted_at.plus_seconds(BIN_SECONDS) <= now)
    }
}

/// What an author wrote, what it was rendered to, and what there is to say of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedText {
    /// The text.
    pub text: Text,
    /// What there is to say of it.
    pub summary: Summary,
}

/// What an author wrote, and what it was rendered to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The Markdown.
    pub body: String,
    /// The body as HTML that is safe in a reader's browser.
    pub html: String,
    /// The headings of the body as nested HTML lists.
    pub table_of_contents: String,
    /// The [version](crate::markdown::VERSION) of the renderer that did it.
    pub renderer: u32,
}

/// An article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// What it is.
    pub head: Head,
    /// What it says.
    pub text: Text,
}

/// What a neighbouring article is linked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjacent {
    /// Its title.
    pub title: String,
    /// Its name in URLs.
    pub slug: Slug,
    /// Since when readers see it, or when they will.
    pub published_at: Timestamp,
}

/// What stands just before and just after in the site's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdjacentArticles {
    /// The one after; none for the newest.
    pub next: Option<Adjacent>,
    /// The one before; none for the oldest.
    pub prev: Option<Adjacent>,
}

/// An article with everything its page shows.
#[derive(Clone, Debug)]
pub struct ArticleWithAuthor {
    /// The article.
    pub article: Article,
    /// Who wrote it.
    pub author: User,
    /// What stands beside it, which may be still to come.
    pub adjacent: AdjacentArticles,
    /// The series that it belongs to.
    pub series: Option<Series>,
}
