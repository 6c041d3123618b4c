//! The name of an article in its URL.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The name of an article in its URL: lower case word characters and `-`, 1 to
/// [`Slug::MAX_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// No article can have this slug.
#[derive(Debug, thiserror::Error)]
#[error("invalid slug")]
pub struct InvalidSlug;

impl Slug {
    /// The most bytes a slug has. `DynamoDB` allows 2,048 bytes in a partition
    /// key, and a URL of more than about 2,000 stops working in places.
    pub const MAX_BYTES: usize = 1_024;

    /// What a suffix may add to a slug that is cut to its length: `-` and the
    /// 20 digits of the largest number.
    const SUFFIX_BYTES: usize = 21;

    /// The slug that a title asks for.
    ///
    /// Accents are folded away (NFKD, marks removed), letters made lower case,
    /// everything but word characters and white space dropped, and each run of
    /// white space becomes one `-`. A title without any word character (`!?`)
    /// asks for `untitled`.
    #[must_use]
    pub fn from_title(title: &str) -> Self {
        let words: String = title
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .flat_map(char::to_lowercase)
            .filter(|c| !is_combining_mark(*c))
            .filter(|c| c.is_alphanumeric() || *c == '_' || c.is_whitespace())
            .collect();
        let mut slug = words.split_whitespace().collect::<Vec<_>>().join("-");
        slug.truncate(slug.floor_char_boundary(Self::MAX_BYTES - Self::SUFFIX_BYTES));
        if slug.is_empty() {
            slug.push_str("untitled");
        }
        Self(slug)
    }

    /// This slug for the `number`th article that asks for it: itself for the
    /// first, then `-2`, `-3` and so on.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Self {
        if number < 2 { self.clone() } else { Self(format!("{}-{number}", self.0)) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if text.is_empty() || text.len() > Self::MAX_BYTES || !text.chars().all(allowed) {
            return Err(InvalidSlug);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug(title: &str) -> String {
        Slug::from_title(title).0
    }

    #[test]
    fn titles_become_slugs() {
        assert_eq!(
            slug("Den här texten kommer att sakna både \"ä\" och \"å\""),
            "den-har-texten-kommer-att-sakna-bade-a-och-a"
        );
        assert_eq!(slug("Hello,  World!"), "hello-world");
        assert_eq!(slug("  a\t\n b & c "), "a-b-c");
        assert_eq!(slug("snake_case and C++"), "snake_case-and-c");
        assert_eq!(slug("well-known"), "wellknown");
        assert_eq!(slug("ﬁne İstanbul ℌ ½"), "fine-istanbul-h-12");
        assert_eq!(slug("日本語 タイトル"), "日本語-タイトル");
        assert_eq!(slug("!?"), "untitled");
        assert_eq!(slug("👍"), "untitled");
    }

    #[test]
    fn later_articles_of_one_title_are_numbered() {
        let first = Slug::from_title("x");
        assert_eq!(first.numbered(1).as_str(), "x");
        assert_eq!(first.numbered(2).as_str(), "x-2");
        assert_eq!(first.numbered(64).as_str(), "x-64");
    }

    proptest! {
        #[test]
        fn every_title_has_a_valid_slug_however_numbered(title in any::<String>(), number in any::<u64>()) {
            let slug = Slug::from_title(&title).numbered(number);
            prop_assert!(slug.as_str().parse::<Slug>().is_ok(), "{:?}", slug);
        }

        #[test]
        fn slugs_are_folded_lower_case_and_single_spaced(title in any::<String>()) {
            let slug = Slug::from_title(&title).0;
            prop_assert!(!slug.chars().any(is_combining_mark));
            prop_assert_eq!(slug.to_lowercase(), slug.clone());
            prop_assert!(!slug.contains("--") && !slug.starts_with('-') && !slug.ends_with('-'), "{}", slug);
        }

        #[test]
        fn a_slug_does_not_depend_on_how_its_title_is_spaced_cased_or_composed(words in prop::collection::vec("[a-zåäöé]{1,8}", 1..6)) {
            let plain = slug(&words.join(" "));
            prop_assert_eq!(slug(&words.join(" \t ").to_uppercase()), plain.clone());
            prop_assert_eq!(slug(&words.join(" ").nfd().collect::<String>()), plain.clone());
            prop_assert_eq!(slug(&plain.replace('-', " ")), plain);
        }
    }
}
