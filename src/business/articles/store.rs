//! What the article rules need from storage.

use async_trait::async_trait;

use super::article::{ArticleWithAuthor, Head, SavedText, State, Text};
use super::list::{ArticleList, Listing, Selection};
use super::series::SeriesTitle;
use super::slug::Slug;
use super::tags::Tag;
use crate::business::{Clock, Fault, FeaturedImage, ListError, MetaDescription, NamedRequest, Session, Timestamp};

/// When readers are to see an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewState {
    /// Not yet.
    Draft,
    /// From a time on, or from when it is stored.
    Listed(Option<Timestamp>),
    /// Likewise, if they know its address.
    Unlisted(Option<Timestamp>),
}

impl NewState {
    /// What that is for an article that is stored at a time.
    #[must_use]
    pub fn at(self, now: Timestamp) -> State {
        match self {
            Self::Draft => State::Draft,
            Self::Listed(at) => State::Listed { published_at: at.unwrap_or(now) },
            Self::Unlisted(at) => State::Unlisted { published_at: at.unwrap_or(now) },
        }
    }
}

/// An article that does not have a number and a slug of its own yet.
pub struct NewArticle {
    /// What is done with it.
    pub state: NewState,
    /// The title; a draft may have none.
    pub title: String,
    /// The slug that it asks for.
    pub slug: Slug,
    /// Whether that stays, whatever the title becomes.
    pub slug_stays: bool,
    /// The sentence for search engines.
    pub meta_description: MetaDescription,
    /// The picture that stands for it.
    pub featured_image: Option<FeaturedImage>,
    /// What it is about.
    pub tags: Vec<Tag>,
    /// The series that it belongs to, which may begin with it.
    pub series: Option<SeriesTitle>,
    /// What it says.
    pub text: SavedText,
}

/// What an article becomes.
pub struct ArticleChange {
    /// What it was when the change was decided.
    pub before: Head,
    /// What it is to be. Of a slug that it asks for, it gets the first that is free.
    pub after: Head,
    /// How it gets its slug.
    pub slug: SlugChange,
    /// What it says, if that is something else; `after` says what there is to say of it.
    pub text: Option<Text>,
    /// What the series is called that it comes into, if that begins with it.
    pub series_title: Option<SeriesTitle>,
    /// Whether what it was is to be found among its revisions.
    pub save: Option<Save>,
}

/// How an article that is saved is kept as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// Together with the saves [just before](super::REVISION_SECONDS).
    GoesOn,
    /// By itself.
    Keeps,
    /// Together with the newest save, whenever that was.
    Amends,
}

/// How an article that is changed gets its slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlugChange {
    /// It has it.
    Stays,
    /// As the title asks for it: numbered, if it is taken.
    FollowsTitle,
    /// By name, also if an article had it once.
    ByName,
}

/// Why an article could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The request was done before.
    #[error("done before")]
    Done,
    /// It is not what it was when the change was decided.
    #[error("changed meanwhile")]
    Changed,
    /// Another article has the slug.
    #[error("slug taken")]
    SlugTaken,
    /// The series is another author's.
    #[error("series of another author")]
    SeriesOfAnother,
    /// The series has as many articles as it may have.
    #[error("series full")]
    SeriesFull,
    /// The author is not in the store.
    #[error("unknown author")]
    UnknownAuthor,
    /// It does not fit into the store, even compressed.
    #[error("article too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What is found under a slug.
#[derive(Clone, Debug)]
pub enum Found<T> {
    /// The article that has it.
    Article(T),
    /// The article that had it once.
    Moved(Box<Head>),
}

/// What the article rules need from storage. Absence is no error.
#[async_trait]
pub trait ArticleStore: Send + Sync {
    /// Stores an article: gives it the next number and the first free slug of `slug`, `slug-2`,
    /// `slug-3` and so on, and puts it into the lists that it belongs to and between its neighbours,
    /// all or nothing. Its number is recorded as the outcome of `request`.
    async fn create_article(
        &self,
        article: NewArticle,
        author: &Session,
        request: Option<&NamedRequest>,
        clock: &dyn Clock,
    ) -> Result<ArticleWithAuthor, ChangeError>;

    /// Makes of an article what it is to be, in all places that say so or in none, if it still is
    /// what it was.
    async fn change_article(&self, change: ArticleChange, now: Timestamp) -> Result<ArticleWithAuthor, ChangeError>;

    /// What an article of a slug is, without its text.
    async fn head(&self, slug: &Slug) -> Result<Option<Found<Head>>, Fault>;

    /// What an article of a number is, without its text.
    async fn head_of_id(&self, id: u64) -> Result<Option<Head>, Fault>;

    /// The article of a slug.
    async fn article(&self, slug: &Slug) -> Result<Option<Found<ArticleWithAuthor>>, Fault>;

    /// The article of a number.
    async fn article_of_id(&self, id: u64) -> Result<Option<ArticleWithAuthor>, Fault>;

    /// A page of a part of a list, newest first; none for an unknown author.
    ///
    /// # Errors
    /// [`ListError::TooLarge`] when the page is more than fits into memory.
    async fn list(
        &self,
        list: &ArticleList,
        selection: Selection,
        now: Timestamp,
    ) -> Result<Option<Listing>, ListError>;
}
