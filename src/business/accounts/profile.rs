//! What users say of themselves.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::user::{User, Username};
use crate::business::{Fault, InvalidAccessToken, LimitError, Timestamp};
use crate::markdown::TooComplex;

/// What a user says of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What stands beside their articles.
    pub user: User,
    /// What they tell, in Markdown; empty at first.
    pub bio: String,
    /// The same as HTML that is safe in a reader's browser.
    pub bio_html: String,
    /// Where else they are: addresses.
    pub links: Vec<String>,
}

/// What of a profile is to be something else.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    /// Where they are.
    pub location: Option<Location>,
    /// The file name or the address of an image of their own; none for the picture of those who have none.
    pub avatar: Option<Option<String>>,
    /// What they tell, in Markdown.
    pub bio: Option<Bio>,
    /// Where else they are.
    pub links: Option<Links>,
}

/// Where a user says that they are: at most [`Location::MAX_CHARS`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location(String);

/// What a user tells of themselves: Markdown of at most [`Bio::MAX_CHARS`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bio(String);

/// Where else a user is: at most [`Links::MOST`] addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links(Vec<String>);

/// Why a part of a profile is refused; the sentence is for its user.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidProfile {
    /// Over [`Location::MAX_CHARS`], or something that cannot be shown in a line.
    #[error("Expected 'location' to have at most {} characters, without control characters", Location::MAX_CHARS)]
    Location,
    /// Over [`Bio::MAX_CHARS`].
    #[error("Expected 'bio' to have at most {} characters", Bio::MAX_CHARS)]
    Bio,
    /// Over [`Links::MOST`], or no addresses.
    #[error("Expected 'links' to be at most {} addresses of http or https", Links::MOST)]
    Links,
}

impl Location {
    /// The most characters it has.
    pub const MAX_CHARS: usize = 50;
}

impl Bio {
    /// The most characters it has.
    pub const MAX_CHARS: usize = 5_000;
}

impl Links {
    /// The most that there are.
    pub const MOST: usize = 10;

    /// The most bytes of one.
    const MAX_BYTES: usize = 2_048;

    /// These addresses.
    ///
    /// # Errors
    /// [`InvalidProfile::Links`].
    pub fn new(links: Vec<String>) -> Result<Self, InvalidProfile> {
        let is_address = |link: &String| {
            let lower = link.to_ascii_lowercase();
            let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
            let has_host = rest.is_some_and(|rest| rest.starts_with(char::is_alphanumeric) || rest.starts_with('['));
            has_host
                && link.len() <= Self::MAX_BYTES
                && !link.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\'))
        };
        if links.len() > Self::MOST || !links.iter().all(is_address) {
            return Err(InvalidProfile::Links);
        }
        Ok(Self(links))
    }
}

impl FromStr for Location {
    type Err = InvalidProfile;

    fn from_str(text: &str) -> Result<Self, InvalidProfile> {
        let text = text.trim();
        let is_long = text.chars().nth(Self::MAX_CHARS).is_some();
        let is_odd = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_long || text.chars().any(is_odd) { Err(InvalidProfile::Location) } else { Ok(Self(text.to_owned())) }
    }
}

impl FromStr for Bio {
    type Err = InvalidProfile;

    fn from_str(text: &str) -> Result<Self, InvalidProfile> {
        if text.chars().nth(Self::MAX_CHARS).is_some() { Err(InvalidProfile::Bio) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Bio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Links> for Vec<String> {
    fn from(links: Links) -> Self {
        links.0
    }
}

/// Why a profile is not read or changed. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No user has the name.
    #[error("User not found")]
    NotFound,
    /// The picture is not an image of the user's own.
    #[error("Expected 'avatar' to be an image of your own")]
    Avatar,
    /// What they tell has more elements, or nests them deeper, than a text can need.
    #[error("The body has too many or too deeply nested elements")]
    TooComplex(#[from] TooComplex),
    /// The user of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Too many changes in a day.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// Storage or rendering failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What profiles need from storage. Absence is no error.
#[async_trait]
pub trait ProfileStore: Send + Sync {
    /// The profile of a user.
    async fn profile_of(&self, username: &Username) -> Result<Option<Profile>, Fault>;

    /// Makes of a profile what it is to be, and says whether it was still what it was.
    async fn change_profile(&self, before: &Profile, after: &Profile, now: Timestamp) -> Result<bool, Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_somewhere_is_a_link() {
        let links = |link: &str| Links::new(vec![link.to_owned()]);
        for good in ["https://example.com", "HTTP://example.com/~a?b=c#d", "https://bücher.example/", "http://[::1]/"]
        {
            assert!(links(good).is_ok(), "{good}");
        }
        for bad in ["", "example.com", "javascript:alert(1)", "https://", "https:///x", "https://a b", "https://a\"b"] {
            assert!(links(bad).is_err(), "{bad}");
        }
        assert!(links(&format!("https://a/{}", "x".repeat(2_048))).is_err());
        assert!(Links::new(vec!["https://a".to_owned(); 11]).is_err());
    }

    #[test]
    fn a_location_is_short_and_of_one_line() {
        assert_eq!(" Berlin ".parse::<Location>().unwrap().to_string(), "Berlin");
        assert!("å".repeat(50).parse::<Location>().is_ok());
        for bad in [&"x".repeat(51), "a\nb", "a\u{202e}b"] {
            assert!(bad.parse::<Location>().is_err(), "{bad:?}");
        }
    }
}
