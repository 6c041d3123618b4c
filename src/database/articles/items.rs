//! What articles are in the table.

use serde::{Deserialize, Serialize};

use crate::business::{Adjacent, Author, Fault, Head, Slug, State, Summary, Tag, Timestamp};
use crate::database::content::ContentAddress;
use crate::database::keys::ListName;
use crate::database::lists::Entry;

/// What an article is, but for its text. It stands under the article's number, where lists find it,
/// and under its slug, where readers do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct HeadItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) version: u64,
    pub(in crate::database) revision: u64,
    pub(in crate::database) author: String,
    pub(in crate::database) author_id: u64,
    created_at: String,
    updated_at: String,
    state: StateItem,
    /// Since when readers see it, or when they will; a draft has no such time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    // What is empty is left out: not every engine stores an empty text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    pub(in crate::database) slug: String,
    slug_stays: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    meta_description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    featured_image: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::database) tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::database) series: Option<String>,
    has_body: bool,
    word_count: u32,
    reading_minutes: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    excerpt: String,
    /// Where its text is.
    pub(in crate::database) content: ContentAddress,
}

/// Who is to see an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateItem {
    Draft,
    Listed,
    Unlisted,
}

/// What is found under a slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct SlugItem {
    /// The article that has it, or had it once.
    pub(in crate::database) id: u64,
    /// What the article is that has it.
    pub(in crate::database) head: Option<HeadItem>,
    /// The article before it in the site's list, if it is there.
    pub(in crate::database) prev: Option<LinkItem>,
    /// The one after it, which may be still to come.
    pub(in crate::database) next: Option<LinkItem>,
}

/// A slug that an article had, which leads to it unless another has that now.
#[derive(Serialize, Deserialize)]
pub(in crate::database) struct MovedItem {
    pub(in crate::database) slug: String,
}

/// What an article is linked by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct LinkItem {
    title: String,
    pub(in crate::database) slug: String,
    published_at: String,
}

impl HeadItem {
    pub(in crate::database) fn new(head: &Head, content: ContentAddress) -> Self {
        Self {
            id: head.id,
            version: head.version,
            revision: head.revision,
            author: head.author.username.to_string(),
            author_id: head.author.id,
            created_at: head.created_at.to_string(),
            updated_at: head.updated_at.to_string(),
            state: match head.state {
                State::Draft => StateItem::Draft,
                State::Listed { .. } => StateItem::Listed,
                State::Unlisted { .. } => StateItem::Unlisted,
            },
            published_at: head.published_at().map(|published_at| published_at.to_string()),
            deleted_at: head.deleted_at.map(|deleted_at| deleted_at.to_string()),
            title: head.title.clone(),
            slug: head.slug.to_string(),
            slug_stays: head.slug_stays,
            meta_description: head.meta_description.clone(),
            featured_image: head.featured_image.clone(),
            tags: head.tags.clone(),
            series: head.series.as_ref().map(ToString::to_string),
            has_body: head.has_body,
            word_count: head.summary.word_count,
            reading_minutes: head.summary.reading_minutes,
            excerpt: head.summary.excerpt.clone(),
            content,
        }
    }

    pub(in crate::database) fn head(&self) -> Result<Head, Fault> {
        let published_at = self.published_at.as_deref().map(timestamp).transpose()?;
        let undated = || Fault::failed(format!("article {} says not since when it is published", self.id));
        let state = match self.state {
            StateItem::Draft => State::Draft,
            StateItem::Listed => State::Listed { published_at: published_at.ok_or_else(undated)? },
            StateItem::Unlisted => State::Unlisted { published_at: published_at.ok_or_else(undated)? },
        };
        Ok(Head {
            id: self.id,
            version: self.version,
            revision: self.revision,
            author: Author { id: self.author_id, username: self.author.parse().map_err(Fault::failed)? },
            created_at: timestamp(&self.created_at)?,
            updated_at: timestamp(&self.updated_at)?,
            state,
            deleted_at: self.deleted_at.as_deref().map(timestamp).transpose()?,
            title: self.title.clone(),
            slug: self.slug()?,
            slug_stays: self.slug_stays,
            meta_description: self.meta_description.clone(),
            featured_image: self.featured_image.clone(),
            tags: self.tags.clone(),
            series: self.series.as_deref().map(str::parse).transpose().map_err(Fault::failed)?,
            has_body: self.has_body,
            summary: self.summary(),
        })
    }

    /// The lists that it is in, and where.
    pub(in crate::database) fn places(&self) -> Result<Vec<(ListName, Entry)>, Fault> {
        Ok(places(&self.head()?))
    }

    pub(in crate::database) fn summary(&self) -> Summary {
        let Self { word_count, reading_minutes, excerpt, .. } = self;
        Summary { word_count: *word_count, reading_minutes: *reading_minutes, excerpt: excerpt.clone() }
    }

    pub(in crate::database) fn set_summary(&mut self, summary: &Summary) {
        let Summary { word_count, reading_minutes, excerpt } = summary.clone();
        (self.word_count, self.reading_minutes, self.excerpt) = (word_count, reading_minutes, excerpt);
    }

    /// What it is linked by; none if it is not in the site's list.
    pub(in crate::database) fn link(&self) -> Option<LinkItem> {
        let is_listed = self.state == StateItem::Listed && self.deleted_at.is_none();
        let published_at = self.published_at.clone().filter(|_| is_listed)?;
        Some(LinkItem { title: self.title.clone(), slug: self.slug.clone(), published_at })
    }

    pub(in crate::database) fn slug(&self) -> Result<Slug, Fault> {
        self.slug.parse().map_err(Fault::failed)
    }
}

/// The lists that an article is in, and where.
pub(super) fn places(head: &Head) -> Vec<(ListName, Entry)> {
    let at = |time: Timestamp| Entry { at: time.unix_milliseconds(), id: head.id };
    let author = || head.author.username.clone();
    let mut places = match (head.deleted_at, head.state) {
        (Some(deleted_at), _) => {
            vec![(ListName::Bin(author()), at(deleted_at)), (ListName::AllBins, at(deleted_at))]
        }
        (None, State::Draft) => vec![(ListName::Drafts(author()), at(head.updated_at))],
        (None, State::Listed { published_at }) => {
            vec![(ListName::Site, at(published_at)), (ListName::Author(author()), at(published_at))]
        }
        (None, State::Unlisted { published_at }) => vec![(ListName::Unlisted(author()), at(published_at))],
    };
    places.extend(head.tags.iter().map(|tag| match (head.deleted_at, head.state) {
        (None, State::Listed { published_at }) => (ListName::Tag(tag.slug()), at(published_at)),
        _ => (ListName::HiddenTag(tag.slug()), at(head.created_at)),
    }));
    places
}

impl SlugItem {
    /// What is found under a slug that an article had once.
    pub(in crate::database) fn moved(id: u64) -> Self {
        Self { id, head: None, prev: None, next: None }
    }
}

impl LinkItem {
    pub(super) fn adjacent(self) -> Result<Adjacent, Fault> {
        Ok(Adjacent {
            title: self.title,
            slug: self.slug.parse().map_err(Fault::failed)?,
            published_at: timestamp(&self.published_at)?,
        })
    }
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, Fault> {
    text.parse().map_err(Fault::failed)
}
