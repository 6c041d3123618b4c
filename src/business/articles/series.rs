//! Articles that belong together, in an order of their own.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::slug::Slug;
use crate::business::text::{is_formatting, is_longer};
use crate::business::{Author, Fault, Timestamp};

/// What a series is called: 1 to [`SeriesTitle::MAX_CHARS`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesTitle {
    title: String,
    slug: Slug,
}

/// The bytes of the longest character in UTF-8.
const MAX_CHAR_BYTES: usize = 4;

/// Why a title of a series is refused; the sentence is for the author.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSeries {
    /// It has no name in URLs.
    #[error("The title of a series must have a letter or a digit")]
    NoWord,
    /// Over [`SeriesTitle::MAX_CHARS`], or of letters that are many when they are taken apart.
    #[error("The title of a series must not be longer than {} characters", SeriesTitle::MAX_CHARS)]
    Long,
    /// It would change how a page reads that shows it.
    #[error("The title of a series must not contain control or bidirectional formatting characters")]
    ControlCharacter,
}

impl SeriesTitle {
    /// The most characters it has.
    pub const MAX_CHARS: usize = 200;

    /// The name in URLs that a series of this title has.
    #[must_use]
    pub fn slug(&self) -> Slug {
        self.slug.clone()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.title
    }
}

impl FromStr for SeriesTitle {
    type Err = InvalidSeries;

    fn from_str(text: &str) -> Result<Self, InvalidSeries> {
        let title = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.chars().any(is_formatting) {
            return Err(InvalidSeries::ControlCharacter);
        }
        if is_longer(&title, Self::MAX_CHARS) {
            return Err(InvalidSeries::Long);
        }
        let slug = Slug::of_name(&title).ok_or(InvalidSeries::NoWord)?;
        if slug.as_str().len() > Self::MAX_CHARS * MAX_CHAR_BYTES {
            return Err(InvalidSeries::Long);
        }
        Ok(Self { title, slug })
    }
}

impl fmt::Display for SeriesTitle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

/// Articles of an author that belong together. It is there from its first article to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its name in URLs, made from the title that it had first.
    pub slug: Slug,
    /// What it is called.
    pub title: SeriesTitle,
    /// Whose it is.
    pub author: Author,
    /// Its articles, in order, those included that nobody else sees; at most [so many](Series::MOST).
    pub parts: Vec<SeriesPart>,
}

/// An article of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesPart {
    /// Its number.
    pub id: u64,
    /// Its title.
    pub title: String,
    /// Its name in URLs.
    pub slug: Slug,
    /// Since when readers are shown it in lists, or will be; none for drafts, unlisted and deleted ones.
    pub published_at: Option<Timestamp>,
}

/// Where an article stands in its series, for those who read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesPlace {
    /// The name of the series in URLs.
    pub slug: Slug,
    /// What it is called.
    pub title: SeriesTitle,
    /// Which article it is, counted from 1.
    pub place: usize,
    /// How many there are.
    pub total: usize,
    /// The one after it.
    pub next: Option<SeriesPart>,
    /// The one before it.
    pub prev: Option<SeriesPart>,
}

impl SeriesPart {
    /// Whether readers are shown it at a time.
    #[must_use]
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.published_at.is_some_and(|published_at| published_at <= now)
    }
}

impl Series {
    /// The most articles that it has.
    pub const MOST: usize = 100;

    /// The articles that readers are shown at a time.
    pub fn visible(&self, now: Timestamp) -> impl Iterator<Item = &SeriesPart> {
        self.parts.iter().filter(move |part| part.is_visible(now))
    }

    /// When the next one comes by itself.
    #[must_use]
    pub fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.parts.iter().filter_map(|part| part.published_at).filter(|published_at| *published_at > now).min()
    }

    /// The place of an article among those that readers are shown at a time, as if it were one of them.
    #[must_use]
    pub fn place_of(&self, id: u64, now: Timestamp) -> Option<SeriesPlace> {
        let shown: Vec<_> = self.parts.iter().filter(|part| part.id == id || part.is_visible(now)).collect();
        let index = shown.iter().position(|part| part.id == id)?;
        let beside = |index: Option<usize>| shown.get(index?).map(|part| (*part).clone());
        Some(SeriesPlace {
            slug: self.slug.clone(),
            title: self.title.clone(),
            place: index + 1,
            total: shown.len(),
            next: beside(Some(index + 1)),
            prev: beside(index.checked_sub(1)),
        })
    }
}

/// What series need from storage. Absence is no error.
#[async_trait]
pub trait SeriesStore: Send + Sync {
    /// A series, by its name in URLs.
    async fn series(&self, slug: &Slug) -> Result<Option<Series>, Fault>;

    /// Series by their names in URLs, from after one on, and whether there are more.
    async fn all_series(&self, after: Option<&Slug>) -> Result<(Vec<Series>, bool), Fault>;

    /// Gives a series another title and order, and says whether it was still what it was.
    async fn change_series(&self, before: &Series, after: &Series, now: Timestamp) -> Result<bool, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: u64, published_at: Option<&str>) -> SeriesPart {
        let published_at = published_at.map(|at| format!("2026-03-14T15:09:{at}Z").parse().unwrap());
        SeriesPart { id, title: format!("Part {id}"), slug: format!("part-{id}").parse().unwrap(), published_at }
    }

    #[test]
    fn what_readers_do_not_see_has_no_place() {
        let author = Author { id: 1, username: "ada".parse().unwrap() };
        let parts = vec![part(4, Some("20")), part(2, None), part(3, Some("30")), part(1, Some("10"))];
        let title: SeriesTitle = " Learning  Rust ".parse().unwrap();
        assert_eq!((title.as_str(), title.slug().as_str()), ("Learning Rust", "learning-rust"));
        let series = Series { slug: title.slug(), title, author, parts };
        let now = "2026-03-14T15:09:26Z".parse().unwrap();
        let place = |id: u64| {
            let SeriesPlace { place, total, next, prev, .. } = series.place_of(id, now)?;
            let title = |part: Option<SeriesPart>| part.map(|part| part.title).unwrap_or_default();
            Some((place, total, title(prev), title(next)))
        };
        let some = |place, total, prev: &str, next: &str| Some((place, total, prev.to_owned(), next.to_owned()));
        assert_eq!(place(4), some(1, 2, "", "Part 1"));
        assert_eq!(place(1), some(2, 2, "Part 4", ""));
        // As its author is shown what readers will see.
        assert_eq!(place(3), some(2, 3, "Part 4", "Part 1"));
        assert_eq!(place(5), None);
        assert_eq!(series.changes_at(now), series.parts[2].published_at);
    }

    #[test]
    fn what_is_no_title_is_refused() {
        let refused = |title: &str| title.parse::<SeriesTitle>().unwrap_err();
        assert_eq!(refused("!"), InvalidSeries::NoWord);
        assert_eq!(refused(&"x".repeat(201)), InvalidSeries::Long);
        assert_eq!(refused("a\u{7}"), InvalidSeries::ControlCharacter);
    }
}
