//! Why an article operation was refused.

use super::article::Head;
use super::previews::PreviewLink;
use super::series::{InvalidSeries, Series};
use super::slug::Slug;
use super::store::ChangeError;
use super::tags::InvalidTag;
use crate::business::{Fault, IdempotencyError, InvalidAccessToken, InvalidText, LimitError, ListError};
use crate::markdown::TooComplex;

/// Why an article operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ArticleError {
    /// No article has the slug that whoever asks may see.
    #[error("Article not found")]
    NotFound,
    /// Readers find it under another slug by now.
    #[error("Article moved to '{0}'")]
    Moved(Slug),
    /// Only its author may change it.
    #[error("Not your article")]
    NotAuthor,
    /// It is another version than the one that the client means.
    #[error("The article has changed, its version is {}", .0.version)]
    OtherVersion(Box<Head>),
    /// It has no such revision, or no longer.
    #[error("Revision not found")]
    NoRevision,
    /// No article that anybody sees has it.
    #[error("Tag not found")]
    NoTag,
    /// Only the owner of the site may do it.
    #[error("Not the owner of the site")]
    NotOwner,
    /// No series has the name that whoever asks may see.
    #[error("Series not found")]
    NoSeries,
    /// A series has one author.
    #[error("Not your series")]
    NotAuthorOfSeries,
    /// It has as many articles as it may have.
    #[error("A series has at most {} articles", Series::MOST)]
    SeriesFull,
    /// No article of a series has the slug.
    #[error("'{0}' is not in the series")]
    NotInSeries(String),
    /// What no series is called.
    #[error(transparent)]
    Series(#[from] InvalidSeries),
    /// A preview link is not there, or not any more.
    #[error("Preview link not found")]
    NoLink,
    /// An article has as many preview links as it may have.
    #[error("An article has at most {} preview links, revoke one", PreviewLink::MOST)]
    ManyLinks,
    /// A preview link is good for some time, not for ever.
    #[error("Expected 'days' to be a whole number from 1 to {}", PreviewLink::MAX_DAYS)]
    InvalidDays,
    /// What no article can be about.
    #[error(transparent)]
    Tag(#[from] InvalidTag),
    /// No title could ask for it.
    #[error("Invalid slug")]
    InvalidSlug,
    /// Another article has the slug.
    #[error("The slug '{0}' is taken")]
    SlugTaken(String),
    /// It is in the bin.
    #[error("The article is deleted, restore it first")]
    Deleted,
    /// What is published has a title.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// A draft of nothing.
    #[error("A draft needs a title or a body")]
    EmptyDraft,
    /// What readers see already was published in the past.
    #[error("'published_at' must not be in the future, use 'publish_at'")]
    PublishedInFuture,
    /// A draft has no such date.
    #[error("A draft is not published yet, publish it with 'published_at'")]
    NotPublished,
    /// What readers see is not taken back by the way.
    #[error("The article is published, unpublish it first")]
    Published,
    /// It does not fit into the store.
    #[error("Article too large")]
    TooLarge,
    /// The body has more elements, or nests them deeper, than an article can need.
    #[error("The body has too many or too deeply nested elements")]
    TooComplex(#[from] TooComplex),
    /// The articles on a page are too long to be answered together.
    #[error("Page too large, ask for a smaller limit")]
    PageTooLarge,
    /// The author of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Too many articles and projects in a day.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// The name of the request is that of another.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Storage or rendering failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ArticleError {
    /// Why the store has refused what wanted a slug.
    pub(super) fn of(error: ChangeError, slug: &Slug) -> Self {
        match error {
            ChangeError::UnknownAuthor => InvalidAccessToken::UnknownUser.into(),
            ChangeError::SlugTaken => Self::SlugTaken(slug.to_string()),
            ChangeError::SeriesOfAnother => Self::NotAuthorOfSeries,
            ChangeError::SeriesFull => Self::SeriesFull,
            ChangeError::TooLarge => Self::TooLarge,
            ChangeError::Fault(fault) => fault.into(),
            error @ (ChangeError::Done | ChangeError::Changed) => Fault::failed(error).into(),
        }
    }
}

impl From<ListError> for ArticleError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooLarge => Self::PageTooLarge,
            ListError::Fault(fault) => fault.into(),
        }
    }
}
