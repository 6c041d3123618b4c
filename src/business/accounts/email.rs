//! Mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};

/// A mail address as its owner wrote it (RFC 5321 syntax, at most 254 bytes,
/// with a domain). Two addresses that differ only in case are the same.
#[derive(Clone, Debug)]
pub struct Email(String);

/// The text is not a mail address.
#[derive(Debug, thiserror::Error)]
#[error("Invalid email address")]
pub struct InvalidEmail;

impl Email {
    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What identifies the address: its text without case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let options = Options::default().without_display_text().without_domain_literal();
        let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        match EmailAddress::parse_with_options(text, options) {
            Ok(_) if plain => Ok(Self(text.to_owned())),
            _ => Err(InvalidEmail),
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_addresses() {
        for good in ["a@b.se", "Ada.Lovelace+x@example.com", "åsa@exämple.se"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in ["", "a", "@b.se", "a@", "a b@c.se", "Ada <a@b.se>", "a@b.se\0", "a@b.se\n", "a@[127.0.0.1]", &long]
        {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }
}
