//! What articles are about.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::slug::Slug;
use crate::business::text::{is_formatting, is_longer};
use crate::business::{Fault, Timestamp};

/// What an article is about, as its author has written it: 1 to [`Tag::MAX_CHARS`] characters. Tags
/// of the same [slug](Tag::slug) are one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

/// Why tags are refused; the sentence is for the author.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidTag {
    /// It has no name in URLs.
    #[error("A tag must have a letter or a digit")]
    NoWord,
    /// Over [`Tag::MAX_CHARS`].
    #[error("A tag must not be longer than {} characters", Tag::MAX_CHARS)]
    Long,
    /// It would change how a page reads that shows it.
    #[error("A tag must not contain control or bidirectional formatting characters")]
    ControlCharacter,
    /// Over [`Tag::MOST`].
    #[error("An article must not have more than {} tags", Tag::MOST)]
    Many,
}

impl Tag {
    /// The most characters it has.
    pub const MAX_CHARS: usize = 50;

    /// The most tags that an article has.
    pub const MOST: usize = 10;

    /// Several tags, of each the first that is written.
    ///
    /// # Errors
    /// [`InvalidTag`].
    pub fn several(names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<Self>, InvalidTag> {
        let mut tags: Vec<Self> = Vec::new();
        for name in names {
            let tag: Self = name.as_ref().parse()?;
            if !tags.iter().any(|known| known.slug() == tag.slug()) {
                tags.push(tag);
            }
        }
        if tags.len() > Self::MOST { Err(InvalidTag::Many) } else { Ok(tags) }
    }

    /// Its name in URLs.
    #[must_use]
    pub fn slug(&self) -> Slug {
        Slug::from_name(&self.0)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match &text {
            text if text.chars().any(is_formatting) => Err(InvalidTag::ControlCharacter),
            text if is_longer(text, Self::MAX_CHARS) => Err(InvalidTag::Long),
            text if !text.chars().any(char::is_alphanumeric) => Err(InvalidTag::NoWord),
            _ => Ok(Self(text)),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tag of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteTag {
    /// As who used it first has written it, or as it was renamed.
    pub name: Tag,
    /// How many articles have it that readers are shown.
    pub articles: u64,
    /// When the next one comes by itself.
    pub changes_at: Option<Timestamp>,
}

/// The tags of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteTags {
    /// Those of articles that readers are shown, by their names in URLs.
    pub tags: Vec<SiteTag>,
    /// When one of them gets another article by itself.
    pub changes_at: Option<Timestamp>,
}

/// What tags need from storage. Absence is no error.
#[async_trait]
pub trait TagStore: Send + Sync {
    /// The tags of the articles that readers are shown, or will be, by their names in URLs.
    async fn tags(&self, now: Timestamp) -> Result<Vec<SiteTag>, Fault>;

    /// One of them.
    async fn tag(&self, tag: &Slug, now: Timestamp) -> Result<Option<SiteTag>, Fault>;

    /// The numbers of all articles that have a tag: drafts, unlisted and deleted ones, too.
    async fn articles_with_tag(&self, tag: &Slug) -> Result<Vec<u64>, Fault>;

    /// Gives a tag of the site this name, if it is there and has another.
    async fn name_tag(&self, name: &Tag, now: Timestamp) -> Result<(), Fault>;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug(name: &str) -> String {
        name.parse::<Tag>().unwrap().slug().to_string()
    }

    #[test]
    fn tags_of_one_slug_are_one() {
        assert_eq!((slug("Rust"), slug(" rust ")), ("rust".to_owned(), "rust".to_owned()));
        assert_eq!([slug("C"), slug("C++"), slug("C#"), slug("#c")], ["c", "cplusplus", "csharp", "c"]);
        assert_eq!(
            [slug("Web  Development"), slug("Café"), slug("well-being")],
            ["web-development", "cafe", "well-being"]
        );
        let tags = Tag::several(["Rust", "rust", "Go"]).unwrap();
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["Rust", "Go"]);
        assert_eq!(Tag::several((0..11).map(|number| number.to_string())), Err(InvalidTag::Many));
        assert_eq!("+".parse::<Tag>(), Err(InvalidTag::NoWord));
        assert_eq!("å".repeat(51).parse::<Tag>(), Err(InvalidTag::Long));
        assert_eq!("a\u{202e}b".parse::<Tag>(), Err(InvalidTag::ControlCharacter));
    }

    proptest! {
        #[test]
        fn a_tag_is_found_by_its_slug(name in "\\PC{1,60}") {
            if let Ok(tag) = name.parse::<Tag>() {
                prop_assert_eq!(Slug::known_as(tag.slug().as_str()), Some(tag.slug()));
            }
        }
    }
}
