//! Who writes here.

use std::fmt;
use std::str::FromStr;

/// A username: 1 to 20 ASCII letters, digits, `_`, `-` or `.`. Shown as its
/// owner wrote it; two that differ only in case are the same.
#[derive(Clone, Debug)]
pub struct Username(String);

/// The text is not a username.
#[derive(Debug, thiserror::Error)]
#[error("Invalid username, expected 1 to 20 letters, digits, '_', '-' or '.'")]
pub struct InvalidUsername;

impl Username {
    /// The most characters a username has.
    pub const MAX_LENGTH: usize = 20;

    /// The name as its owner wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What identifies the name: its text without case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Names that speak for the site, or are something else in its addresses.
const RESERVED: [&str; 44] = [
    "about",
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "contact",
    "docs",
    "everyone",
    "health",
    "help",
    "hostmaster",
    "info",
    "login",
    "logout",
    "mail",
    "me",
    "mod",
    "moderator",
    "no-reply",
    "noreply",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "privacy",
    "ready",
    "register",
    "root",
    "rss",
    "search",
    "security",
    "settings",
    "staff",
    "static",
    "support",
    "sysadmin",
    "system",
    "undefined",
    "webmaster",
    "www",
];

impl Username {
    /// Whether nobody may take the name: it means something, or looks like another, as sentences end in
    /// a full stop.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.ends_with('.') || RESERVED.contains(&self.key().as_str())
    }
}

impl FromStr for Username {
    type Err = InvalidUsername;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        // A path segment of dots alone means a folder, not a user, to every client.
        let dots = matches!(text, "." | "..");
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.bytes().all(allowed) || dots {
            return Err(InvalidUsername);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Username {}

/// A user as everybody may see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Given at registration, never reused.
    pub id: u64,
    /// The name in URLs.
    pub username: Username,
    /// Where they say they are; empty at first.
    pub location: String,
    /// Their picture: the path of an image of their own, or [that of those who have none](DEFAULT_AVATAR).
    pub avatar_url: String,
}

/// The picture of who has none.
pub const DEFAULT_AVATAR: &str = "default.jpg";

impl User {
    /// A user as they are right after registration.
    #[must_use]
    pub fn new(id: u64, username: Username) -> Self {
        Self { id, username, location: String::new(), avatar_url: DEFAULT_AVATAR.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_what_fits_a_path_segment() {
        for good in ["a", "Ada_L-1.0", "x".repeat(20).as_str(), "..."] {
            assert!(good.parse::<Username>().is_ok(), "{good}");
        }
        for bad in ["", "x".repeat(21).as_str(), "a b", "å", "a/b", "a\0", ".", ".."] {
            assert!(bad.parse::<Username>().is_err(), "{bad:?}");
        }
        assert_eq!("Ada".parse::<Username>().unwrap(), "aDA".parse().unwrap());
    }
}
