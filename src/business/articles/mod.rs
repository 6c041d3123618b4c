//! Articles: what authors make of them, and who reads what.

mod article;
mod bin;
mod changes;
mod error;
mod list;
mod new;
mod previews;
mod revisions;
mod series;
mod service;
mod slug;
mod store;
mod tags;

pub use article::{
    Adjacent, AdjacentArticles, Article, ArticleWithAuthor, BIN_SECONDS, Head, SavedText, State, Status, Summary, Text,
    Version, Versions,
};
pub use bin::{BinStore, EmptyBin};
pub use changes::{ArticlePatch, PatchedStatus, Verb};
pub use error::ArticleError;
pub use list::{ArticleList, Cursor, Detail, InvalidCursor, Listing, Pages, Part, Selection};
pub use new::{ArticleDraft, NewStatus};
pub use previews::{PreviewLink, PreviewStore, PreviewToken};
pub use revisions::{
    Difference, InvalidRevisionName, MAX_REVISIONS, REVISION_SECONDS, Revision, RevisionDifference, RevisionName,
    RevisionStore, RevisionWithText, WordsChanged,
};
pub use series::{InvalidSeries, Series, SeriesPart, SeriesPlace, SeriesStore, SeriesTitle};
pub use service::{AllSeries, ArticlePage, Articles, Preview, Saved, SeriesPatch};
pub use slug::Slug;
pub use store::{ArticleChange, ArticleStore, ChangeError, Found, NewArticle, NewState, Save, SlugChange};
pub use tags::{InvalidTag, SiteTag, SiteTags, Tag, TagStore};
