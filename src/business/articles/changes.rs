//! What an author may make of an article.

use super::article::{Head, SavedText, State, Status, Text};
use super::error::ArticleError;
use super::revisions::Revision;
use super::series::SeriesTitle;
use super::slug::Slug;
use super::store::{ArticleChange, Save, SlugChange};
use super::tags::Tag;
use crate::business::{FeaturedImage, InvalidText, MetaDescription, Timestamp, Title};

/// What of an article is to be something else.
#[derive(Clone, Debug, Default)]
pub struct ArticlePatch {
    /// The title, or none.
    pub title: Option<Option<Title>>,
    /// The Markdown.
    pub body: Option<String>,
    /// The sentence for search engines.
    pub meta_description: Option<MetaDescription>,
    /// The picture that stands for it, or none.
    pub featured_image: Option<Option<FeaturedImage>>,
    /// What it is about.
    pub tags: Option<Vec<Tag>>,
    /// The series that it belongs to, or none.
    pub series: Option<Option<SeriesTitle>>,
    /// The name in URLs.
    pub slug: Option<Slug>,
    /// What it is to be.
    pub status: Option<PatchedStatus>,
    /// When readers are to see it, or never.
    pub publish_at: Option<Option<Timestamp>>,
    /// Since when they see it.
    pub published_at: Option<Timestamp>,
    /// Whether what it was is kept as a revision by itself.
    pub keep: bool,
}

/// What an article becomes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchedStatus {
    /// Nobody else sees it.
    Draft,
    /// Readers see it, and lists have it.
    Published,
    /// Readers see it who know its address.
    Unlisted,
}

impl PatchedStatus {
    /// What that makes of an article. Of one that readers see already, the date stays.
    fn state(self, before: &Head, now: Timestamp) -> State {
        let published_at = before.published_at().map_or(now, |published_at| published_at.min(now));
        match self {
            Self::Draft => State::Draft,
            Self::Published => State::Listed { published_at },
            Self::Unlisted => State::Unlisted { published_at },
        }
    }
}

/// What is done with an article as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Readers see it from now on.
    Publish {
        /// Since when, if that is another time.
        published_at: Option<Timestamp>,
    },
    /// It becomes a draft.
    Unpublish,
    /// It goes to the bin.
    Delete,
    /// It comes back from there.
    Restore,
}

/// An article as it is to be, and how it gets its slug.
pub(super) struct Decided {
    after: Head,
    slug: SlugChange,
    series_title: Option<SeriesTitle>,
    keep: bool,
}

impl Decided {
    /// What stays where it is.
    fn in_place(after: Head) -> Self {
        Self { after, slug: SlugChange::Stays, series_title: None, keep: false }
    }

    /// As a change of what there was; none if there is nothing to do.
    pub(super) fn change(self, before: Head, text: Option<SavedText>, now: Timestamp) -> Option<ArticleChange> {
        let Self { mut after, slug, series_title, keep } = self;
        if after == before && text.is_none() {
            return None;
        }
        let is_saved = text.is_some() || said(&before) != said(&after);
        let save = is_saved.then_some(if keep { Save::Keeps } else { Save::GoesOn });
        let text = text.map(|SavedText { text, summary }| {
            after.summary = summary;
            text
        });
        // A slug stays as soon as readers may know it.
        after.slug_stays |= after.is_public();
        after.version += 1;
        after.updated_at = now;
        Some(ArticleChange { before, after, slug, text, series_title, save })
    }
}

/// What an article says beside its text.
fn said(head: &Head) -> (&str, &str, Option<&str>, &[Tag]) {
    let Head { title, meta_description, featured_image, tags, .. } = head;
    (title, meta_description, featured_image.as_deref(), tags)
}

impl ArticlePatch {
    /// What it makes of an article.
    pub(super) fn decide(&self, before: &Head, now: Timestamp) -> Result<Decided, ArticleError> {
        if before.deleted_at.is_some() {
            return Err(ArticleError::Deleted);
        }
        let mut after = before.clone();
        if let Some(title) = &self.title {
            after.title = title.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        if let Some(body) = &self.body {
            after.has_body = !body.trim().is_empty();
        }
        if let Some(meta_description) = &self.meta_description {
            after.meta_description = meta_description.clone().into();
        }
        if let Some(featured_image) = &self.featured_image {
            after.featured_image = featured_image.clone().map(Into::into);
        }
        if let Some(tags) = &self.tags {
            after.tags.clone_from(tags);
        }
        if let Some(series) = &self.series {
            after.series = series.as_ref().map(SeriesTitle::slug);
        }
        after.state = self.state(before, now)?;
        require_words(&after)?;
        let slug = self.slug(before, &mut after)?;
        let series_title = self.series.clone().flatten();
        Ok(Decided { after, slug, series_title, keep: self.keep })
    }

    fn state(&self, before: &Head, now: Timestamp) -> Result<State, ArticleError> {
        let decided = self.status.map(|status| status.state(before, now));
        let state = match (self.publish_at, decided.unwrap_or(before.state)) {
            (Some(Some(published_at)), State::Unlisted { .. }) if published_at <= now => {
                State::Unlisted { published_at }
            }
            (Some(Some(published_at)), _) if published_at > now && before.is_visible(now) => {
                return Err(ArticleError::Published);
            }
            (Some(Some(published_at)), _) => State::Listed { published_at },
            (Some(None), _) if before.is_visible(now) => return Err(ArticleError::Published),
            (Some(None), _) => State::Draft,
            (None, state) => state,
        };
        let Some(published_at) = self.published_at else { return Ok(state) };
        if published_at > now {
            return Err(ArticleError::PublishedInFuture);
        }
        match state {
            State::Draft => Err(ArticleError::NotPublished),
            State::Listed { .. } => Ok(State::Listed { published_at }),
            State::Unlisted { .. } => Ok(State::Unlisted { published_at }),
        }
    }

    fn slug(&self, before: &Head, after: &mut Head) -> Result<SlugChange, ArticleError> {
        if let Some(slug) = &self.slug {
            after.slug_stays = true;
            after.slug = slug.clone();
            return match () {
                () if *slug == before.slug => Ok(SlugChange::Stays),
                // So that it is found however it is typed.
                () if slug.is_plain() => Ok(SlugChange::ByName),
                () => Err(ArticleError::InvalidSlug),
            };
        }
        let wanted = Slug::from_title(&after.title);
        if before.slug_stays || [&before.slug, &Slug::from_title(&before.title)].contains(&&wanted) {
            return Ok(SlugChange::Stays);
        }
        after.slug = wanted;
        Ok(SlugChange::FollowsTitle)
    }
}

impl Revision {
    /// What restoring it makes of an article.
    pub(super) fn decide(&self, text: &Text, before: &Head) -> Result<Decided, ArticleError> {
        if before.deleted_at.is_some() {
            return Err(ArticleError::Deleted);
        }
        let after = Head {
            title: self.title.clone(),
            meta_description: self.meta_description.clone(),
            featured_image: self.featured_image.clone(),
            tags: self.tags.clone(),
            has_body: !text.body.trim().is_empty(),
            ..before.clone()
        };
        require_words(&after)?;
        // What it was just before is kept, however short that was.
        Ok(Decided { keep: true, ..Decided::in_place(after) })
    }
}

impl Verb {
    /// What it makes of an article.
    pub(super) fn decide(self, before: &Head, now: Timestamp) -> Result<Decided, ArticleError> {
        let mut after = before.clone();
        let in_bin = before.deleted_at.is_some();
        match self {
            Self::Publish { .. } | Self::Unpublish if in_bin => return Err(ArticleError::Deleted),
            Self::Publish { published_at } => {
                if published_at.is_some_and(|published_at| published_at > now) {
                    return Err(ArticleError::PublishedInFuture);
                }
                let since = match before.state {
                    State::Listed { published_at } if published_at <= now => published_at,
                    _ => now,
                };
                after.state = State::Listed { published_at: published_at.unwrap_or(since) };
            }
            Self::Unpublish => after.state = State::Draft,
            Self::Delete => after.deleted_at = before.deleted_at.or(Some(now)),
            Self::Restore => {
                after.deleted_at = None;
                if in_bin && after.status(now) == Status::Published && is_missed(before) {
                    // It was to be published while it was in the bin, which nobody wants by now.
                    after.state = State::Draft;
                }
            }
        }
        require_words(&after)?;
        Ok(Decided::in_place(after))
    }
}

/// Whether an article was in the bin when it was to be published.
fn is_missed(head: &Head) -> bool {
    matches!((head.published_at(), head.deleted_at), (Some(published_at), Some(deleted_at)) if published_at > deleted_at)
}

/// Whether what an article says is enough for what it is.
pub(super) fn require_words(head: &Head) -> Result<(), ArticleError> {
    if head.state == State::Draft {
        return if head.title.is_empty() && !head.has_body { Err(ArticleError::EmptyDraft) } else { Ok(()) };
    }
    if head.title.is_empty() { Err(InvalidText::EmptyTitle.into()) } else { Ok(()) }
}
