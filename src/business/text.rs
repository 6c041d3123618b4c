//! Free text that an author writes.

use std::fmt;
use std::str::FromStr;

/// Why a text is refused; the sentence is for the author.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("The title must not be empty")]
    EmptyTitle,
    /// Over [`Title::MAX_CHARS`].
    #[error("The title must not be longer than {} characters", Title::MAX_CHARS)]
    LongTitle,
}

/// The title of something published: 1 to 500 characters, not only white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// The most characters a title has.
    pub const MAX_CHARS: usize = 500;

    /// The title as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Title {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            Err(InvalidText::EmptyTitle)
        } else if text.chars().nth(Self::MAX_CHARS).is_some() {
            Err(InvalidText::LongTitle)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_something_in_at_most_500_characters() {
        assert!("å".repeat(500).parse::<Title>().is_ok());
        assert_eq!("å".repeat(501).parse::<Title>(), Err(InvalidText::LongTitle));
        assert_eq!(" \n".parse::<Title>(), Err(InvalidText::EmptyTitle));
    }
}
