//! Who may register.

use std::collections::HashSet;

use super::email::Email;

/// The addresses that may register. Empty admits nobody.
#[derive(Clone, Debug, Default)]
pub struct Allowlist(HashSet<String>);

impl Allowlist {
    /// Whether `email` is on the list, whatever its case.
    #[must_use]
    pub fn contains(&self, email: &Email) -> bool {
        self.0.contains(&email.key())
    }
}

impl FromIterator<Email> for Allowlist {
    fn from_iter<I: IntoIterator<Item = Email>>(emails: I) -> Self {
        Self(emails.into_iter().map(|email| email.key()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_tell_addresses_apart() {
        let allowlist: Allowlist = ["Ada@Example.com".parse().unwrap()].into_iter().collect();
        assert!(allowlist.contains(&"aDA@example.COM".parse().unwrap()));
        assert!(!allowlist.contains(&"bob@example.com".parse().unwrap()));
        assert!(!Allowlist::default().contains(&"ada@example.com".parse().unwrap()));
    }
}
