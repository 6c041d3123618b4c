//! Links that show an article to whoever has them.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::business::{Fault, Timestamp};

/// What whoever has a link proves it by. It is kept nowhere, but for a day as what came of a request that its
/// client has named.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviewToken {
    article: u64,
    secret: Uuid,
}

/// The text is no such token.
#[derive(Debug, thiserror::Error)]
#[error("Invalid preview token")]
pub struct InvalidPreviewToken;

/// A link that shows an article to whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewLink {
    /// What it is known by, which does not tell the token.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, to the second.
    pub expires_at: Timestamp,
}

impl PreviewToken {
    /// A new token of an article.
    #[must_use]
    pub fn new(article: u64) -> Self {
        Self { article, secret: Uuid::new_v4() }
    }

    /// The article that it shows.
    #[must_use]
    pub fn article(&self) -> u64 {
        self.article
    }

    /// What its link is known by.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.to_string())[..16])
    }
}

impl fmt::Display for PreviewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.article, self.secret.simple())
    }
}

impl FromStr for PreviewToken {
    type Err = InvalidPreviewToken;

    fn from_str(text: &str) -> Result<Self, InvalidPreviewToken> {
        let (article, secret) = text.split_once('-').ok_or(InvalidPreviewToken)?;
        let article = article.parse().map_err(|_| InvalidPreviewToken)?;
        let token = Self { article, secret: Uuid::try_parse(secret).map_err(|_| InvalidPreviewToken)? };
        // One token has one spelling.
        if token.to_string() == text { Ok(token) } else { Err(InvalidPreviewToken) }
    }
}

impl PreviewLink {
    /// The most that an article has at once.
    pub const MOST: usize = 20;

    /// The most days that one is good for.
    pub const MAX_DAYS: u32 = 365;

    /// How many days one is good for of which nobody says it.
    pub const DEFAULT_DAYS: u32 = 7;
}

/// What preview links need from storage. Absence is no error.
#[async_trait]
pub trait PreviewStore: Send + Sync {
    /// Adds a link to those of an article.
    async fn add_preview_link(&self, article: u64, link: &PreviewLink) -> Result<(), Fault>;

    /// The links of an article that have not ended.
    async fn preview_links(&self, article: u64, now: Timestamp) -> Result<Vec<PreviewLink>, Fault>;

    /// One of them.
    async fn preview_link(&self, article: u64, id: &str, now: Timestamp) -> Result<Option<PreviewLink>, Fault>;

    /// Removes a link.
    async fn remove_preview_link(&self, article: u64, id: &str) -> Result<(), Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_says_nothing_else() {
        let token = PreviewToken::new(7);
        let read: PreviewToken = token.to_string().parse().unwrap();
        assert!(read == token && read.id() == token.id() && read.article() == 7);
        for other in ["", "7", "7-", "x-0", &token.to_string().to_uppercase(), &format!("0{token}")] {
            assert!(other.parse::<PreviewToken>().is_err(), "{other}");
        }
        assert_ne!(PreviewToken::new(7).id(), token.id());
    }
}
