//! Free text that an author writes.

use std::fmt;
use std::str::FromStr;

use crate::markdown;

/// Why a text is refused; the sentence is for the author.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidText {
    /// Nothing that anybody could see.
    #[error("The title must not be empty")]
    EmptyTitle,
    /// Over [`Title::MAX_CHARS`].
    #[error("The title must not be longer than {} characters", Title::MAX_CHARS)]
    LongTitle,
    /// It would change how a page reads that shows it.
    #[error("The title must not contain control or bidirectional formatting characters")]
    ControlCharacter,
    /// Over [`MetaDescription::MAX_CHARS`].
    #[error("The meta description must not be longer than {} characters", MetaDescription::MAX_CHARS)]
    LongDescription,
    /// Over [`FeaturedImage::MAX_CHARS`].
    #[error("The address of the featured image must not be longer than {} characters", FeaturedImage::MAX_CHARS)]
    LongAddress,
    /// A link would not lead there.
    #[error("The address of the featured image must be one of http or https, or of this site")]
    Address,
}

/// The title of something published: 1 to 500 characters, some of which can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// The sentence for search engines, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaDescription(String);

/// The address of the picture that stands for an article, which may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeaturedImage(String);

impl Title {
    /// The most characters a title has.
    pub const MAX_CHARS: usize = 500;
}

impl MetaDescription {
    /// The most characters a description has.
    pub const MAX_CHARS: usize = 5_000;
}

impl FeaturedImage {
    /// The most characters an address has.
    pub const MAX_CHARS: usize = 2_048;
}

pub(super) fn is_longer(text: &str, characters: usize) -> bool {
    text.chars().nth(characters).is_some()
}

/// Whether a character leaves no mark on a page: white space, formats, fillers and blanks.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a character changes how what follows it is read: beyond white space, a control, or a change of
/// direction that outlasts the title.
pub(super) fn is_formatting(c: char) -> bool {
    c.is_control() && !c.is_whitespace() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl FromStr for Title {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            _ if text.chars().any(is_formatting) => Err(InvalidText::ControlCharacter),
            _ if text.chars().all(is_invisible) => Err(InvalidText::EmptyTitle),
            _ if is_longer(text, Self::MAX_CHARS) => Err(InvalidText::LongTitle),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl FromStr for MetaDescription {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_longer(text, Self::MAX_CHARS) { Err(InvalidText::LongDescription) } else { Ok(Self(text.to_owned())) }
    }
}

impl FromStr for FeaturedImage {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            _ if is_longer(text, Self::MAX_CHARS) => Err(InvalidText::LongAddress),
            _ if !markdown::is_address_of_web(text) => Err(InvalidText::Address),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

/// Texts that are printed and handed on as they were written.
macro_rules! text {
    ($($name:ident),*) => {$(
        impl $name {
            /// As it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text!(Title, MetaDescription, FeaturedImage);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_something_in_at_most_500_characters() {
        assert!("å".repeat(500).parse::<Title>().is_ok());
        assert_eq!("å".repeat(501).parse::<Title>(), Err(InvalidText::LongTitle));
        assert_eq!(" \n".parse::<Title>(), Err(InvalidText::EmptyTitle));
    }

    #[test]
    fn a_title_can_be_seen_and_changes_nothing_around_it() {
        for invisible in ["\u{200b}", " \u{2060}\u{ad}", "\u{3164}\u{115f}", "\u{2800}", "\u{feff}\n", "\u{e0041}"] {
            assert_eq!(invisible.parse::<Title>(), Err(InvalidText::EmptyTitle), "{invisible:?}");
        }
        for formatting in ["a\u{7}", "a\u{202e}b", "\u{2067}a", "\u{1b}[31mred"] {
            assert_eq!(formatting.parse::<Title>(), Err(InvalidText::ControlCharacter), "{formatting:?}");
        }
        for fine in ["a\tb\n", "👩\u{200d}💻", "می\u{200c}خواهم", "\u{200f}שלום"] {
            assert!(fine.parse::<Title>().is_ok(), "{fine:?}");
        }
    }

    #[test]
    fn a_featured_image_is_somewhere_that_a_link_leads_to() {
        for address in ["", "/a.png", "a b.png", "https://a.b/c.png", "//a.b/c", "HTTP://a"] {
            assert!(address.parse::<FeaturedImage>().is_ok(), "{address}");
        }
        for address in ["javascript:x", " java\nscript:x", "data:image/png,x", "mailto:a@b.se"] {
            assert_eq!(address.parse::<FeaturedImage>(), Err(InvalidText::Address), "{address}");
        }
        assert!(format!("/{}", "å".repeat(2_047)).parse::<FeaturedImage>().is_ok());
        assert_eq!("å".repeat(2_049).parse::<FeaturedImage>(), Err(InvalidText::LongAddress));
        assert!("å".repeat(5_000).parse::<MetaDescription>().is_ok());
        assert_eq!("å".repeat(5_001).parse::<MetaDescription>(), Err(InvalidText::LongDescription));
    }
}
