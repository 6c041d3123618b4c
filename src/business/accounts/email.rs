//! Mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};
use url::Host;

/// A mail address as its owner wrote it (RFC 5321 syntax, at most 254 bytes,
/// with a domain). Two addresses that differ only in the case of ASCII letters, or in
/// how a domain of other letters is written (`exämple.se`, `xn--exmple-cua.se`), are the same.
#[derive(Clone, Debug)]
pub struct Email {
    text: String,
    key: String,
}

/// The text is not a mail address.
#[derive(Debug, thiserror::Error)]
#[error("Invalid email address")]
pub struct InvalidEmail;

impl Email {
    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What identifies the address.
    #[must_use]
    pub fn key(&self) -> String {
        self.key.clone()
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Not composed: that makes a letter of the sign for kelvin.
        let text = text.trim();
        let options = Options::default().without_display_text().without_domain_literal();
        let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        let parsed = EmailAddress::parse_with_options(text, options).map_err(|_| InvalidEmail)?;
        // As the web has it, so that only a domain is one (UTS 46).
        let Ok(Host::Domain(domain)) = Host::parse(parsed.domain()) else { return Err(InvalidEmail) };
        // Which the web would decode, and no mail server.
        let plain = plain && !parsed.domain().contains('%');
        let key = format!("{}@{domain}", parsed.local_part().to_ascii_lowercase());
        if plain { Ok(Self { text: text.to_owned(), key }) } else { Err(InvalidEmail) }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_addresses() {
        for good in ["a@b.se", "Ada.Lovelace+x@example.com", "åsa@exämple.se", " a@b.se\n"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in [
            "",
            "a",
            "@b.se",
            "a@",
            "a b@c.se",
            "Ada <a@b.se>",
            "a@b.se\0",
            "a@b\n.se",
            "a@127.0.0.1",
            "t@h%2ese",
            "a@[127.0.0.1]",
            &long,
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_mailbox_is_one_address() {
        let key = |text: &str| text.parse::<Email>().unwrap().key();
        assert_eq!(key(" Ada@Exämple.SE "), "ada@xn--exmple-cua.se");
        assert_eq!(key("ada@XN--EXMPLE-CUA.se"), "ada@xn--exmple-cua.se");
        // The sign for kelvin is no k.
        assert_ne!(key("\u{212a}@b.se"), key("k@b.se"));
    }
}
