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
#[serde(try_from = "String", into = "String")]
pub struct Tag {
    name: String,
    slug: Slug,
}

/// Why tags are refused; the sentence is for the author.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidTag {
    /// It has no name in URLs.
    #[error("A tag must have a letter or a digit")]
    NoWord,
    /// Over [`Tag::MAX_CHARS`], or of letters that are many when they are taken apart.
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

    /// The most that are looked at, of which some may be one.
    const MOST_NAMES: usize = 100;

    /// Several tags, of each the first that is written.
    ///
    /// # Errors
    /// [`InvalidTag`].
    pub fn several<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Vec<Self>, InvalidTag> {
        let mut tags: Vec<Self> = Vec::new();
        for (name, number) in names.into_iter().zip(1..) {
            let tag: Self = name.as_ref().parse()?;
            if !tags.iter().any(|known| known.slug == tag.slug) {
                tags.push(tag);
            }
            if tags.len() > Self::MOST || number > Self::MOST_NAMES {
                return Err(InvalidTag::Many);
            }
        }
        Ok(tags)
    }

    /// Its name in URLs.
    #[must_use]
    pub fn slug(&self) -> Slug {
        self.slug.clone()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.chars().any(is_formatting) {
            return Err(InvalidTag::ControlCharacter);
        }
        if is_longer(&name, Self::MAX_CHARS) {
            return Err(InvalidTag::Long);
        }
        let slug = Slug::of_name(&name).ok_or(InvalidTag::NoWord)?;
        if slug.as_str().len() > Self::MAX_CHARS * MAX_CHAR_BYTES {
            return Err(InvalidTag::Long);
        }
        Ok(Self { name, slug })
    }
}

/// The bytes of the longest character in UTF-8.
const MAX_CHAR_BYTES: usize = 4;

impl TryFrom<String> for Tag {
    type Error = InvalidTag;

    fn try_from(text: String) -> Result<Self, InvalidTag> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.name
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
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
    /// The last of them, if there are more than are listed at once.
    pub next: Option<Slug>,
}

/// What tags need from storage. Absence is no error.
#[async_trait]
pub trait TagStore: Send + Sync {
    /// Tags of the articles that readers are shown, or will be, by their names in URLs from after one on, and
    /// whether there are more.
    async fn tags(&self, after: Option<&Slug>, now: Timestamp) -> Result<(Vec<SiteTag>, bool), Fault>;

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
        assert_eq!(Tag::several(vec!["a"; 101]), Err(InvalidTag::Many));
        for nothing in ["+", "\u{3164}", "\u{93e}"] {
            assert_eq!(nothing.parse::<Tag>(), Err(InvalidTag::NoWord), "{nothing:?}");
        }
        // A letter of eighteen.
        assert_eq!("\u{fdfa}".repeat(50).parse::<Tag>(), Err(InvalidTag::Long));
        assert_eq!("å".repeat(51).parse::<Tag>(), Err(InvalidTag::Long));
        assert_eq!("a\u{202e}b".parse::<Tag>(), Err(InvalidTag::ControlCharacter));
    }

    proptest! {
        #[test]
        fn a_tag_is_found_by_its_slug(name in "\\PC{1,60}") {
            if let Ok(tag) = name.parse::<Tag>() {
                prop_assert_eq!(Slug::of_name(tag.slug().as_str()), Some(tag.slug()));
            }
        }
    }
}
