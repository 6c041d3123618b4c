//! What an author sends to make an article.

use super::error::ArticleError;
use super::series::SeriesTitle;
use super::store::NewState;
use super::tags::Tag;
use crate::business::idempotency::Fingerprint;
use crate::business::{FeaturedImage, InvalidText, MetaDescription, Timestamp, Title};

/// What an author sends to make an article.
pub struct ArticleDraft {
    /// The title; a draft may have none.
    pub title: Option<Title>,
    /// The Markdown.
    pub body: String,
    /// The sentence for search engines.
    pub meta_description: MetaDescription,
    /// The picture that stands for it.
    pub featured_image: Option<FeaturedImage>,
    /// What it is about.
    pub tags: Vec<Tag>,
    /// The series that it belongs to, which may begin with it.
    pub series: Option<SeriesTitle>,
    /// Who is to see it.
    pub status: NewStatus,
}

/// Who is to see a new article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewStatus {
    /// Nobody else yet.
    Draft,
    /// Readers, from a time on, or at once with a date of the past.
    Scheduled {
        /// That time.
        publish_at: Timestamp,
    },
    /// Readers, at once.
    Published {
        /// Since when, if that is another time.
        published_at: Option<Timestamp>,
    },
    /// Likewise, if they know its address.
    Unlisted {
        /// Since when, if that is another time.
        published_at: Option<Timestamp>,
    },
}

impl ArticleDraft {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let Self { title, body, meta_description, featured_image, tags, series, status } = self;
        let status = format!("{status:?}");
        let title = title.as_ref().map(Title::as_str).unwrap_or_default();
        let featured_image = featured_image.as_ref().map(FeaturedImage::as_str).unwrap_or_default();
        let series = series.as_ref().map(SeriesTitle::as_str).unwrap_or_default();
        let parts = [title, body, meta_description.as_str(), &status, featured_image, series];
        Fingerprint::of(parts.into_iter().chain(tags.iter().map(Tag::as_str)))
    }

    /// Whether there is enough of it.
    pub(super) fn require_words(&self) -> Result<(), ArticleError> {
        match (&self.title, self.status) {
            (None, NewStatus::Draft) if self.body.trim().is_empty() => Err(ArticleError::EmptyDraft),
            (None, NewStatus::Draft) | (Some(_), _) => Ok(()),
            (None, _) => Err(InvalidText::EmptyTitle.into()),
        }
    }

    pub(super) fn state(&self, now: Timestamp) -> Result<NewState, ArticleError> {
        match self.status {
            NewStatus::Published { published_at: Some(at) } | NewStatus::Unlisted { published_at: Some(at) }
                if at > now =>
            {
                Err(ArticleError::PublishedInFuture)
            }
            NewStatus::Draft => Ok(NewState::Draft),
            NewStatus::Scheduled { publish_at } => Ok(NewState::Listed(Some(publish_at))),
            NewStatus::Published { published_at } => Ok(NewState::Listed(published_at)),
            NewStatus::Unlisted { published_at } => Ok(NewState::Unlisted(published_at)),
        }
    }
}
