//! The name of an article in its URL.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::business::text::is_invisible;

/// The name of an article in its URL: lower case word characters and `-`, 1 to
/// [`Slug::MAX_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

/// What of it is escaped in an address.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

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
    /// Accents of Latin and Greek letters are folded away; the marks of other scripts, which are
    /// letters of their own there, are kept. Letters are made lower case, everything but word characters
    /// and white space is dropped, and each run of white space becomes one `-`. A title without any word
    /// character (`!?`) asks for `untitled`. The result is composed (NFC).
    #[must_use]
    pub fn from_title(title: &str) -> Self {
        Self::of_words(title).unwrap_or_else(|| Self("untitled".to_owned()))
    }

    /// That of a title with a word character.
    fn of_words(title: &str) -> Option<Self> {
        let mut base = None;
        let words: String = title
            .nfkd()
            .collect::<String>()
            // Of a whole text, as a Greek letter has another form at the end of a word.
            .to_lowercase()
            .chars()
            .filter(|c| {
                if is_combining_mark(*c) {
                    return base.is_some_and(|base| !folds(base));
                }
                base = Some(*c).filter(|c| c.is_alphanumeric());
                c.is_alphanumeric() || *c == '_' || c.is_whitespace()
            })
            .nfc()
            .collect();
        let mut slug = words.split_whitespace().collect::<Vec<_>>().join("-");
        slug.truncate(end_of_characters(&slug, Self::MAX_BYTES - Self::SUFFIX_BYTES));
        slug.truncate(slug.trim_end_matches('-').len());
        Some(Self(slug)).filter(|slug| !slug.0.is_empty())
    }

    /// The slug of a tag or a series that somebody means who writes its name or that slug: that of a title of the
    /// words. Programming languages keep their `+` and `#` in words, so that `C`, `C++` and `C#` are three. None, if
    /// nobody could see anything of the name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        if name.chars().all(is_invisible) { None } else { Self::of_words(&in_words(name)) }
    }

    /// How an article may be stored that somebody asks for by this slug: composed, as it stands, and
    /// decomposed, as slugs once were.
    #[must_use]
    pub fn spellings(&self) -> Vec<Self> {
        let mut spellings: Vec<Self> = Vec::new();
        for spelling in [self.0.nfc().collect(), self.0.clone(), self.0.nfd().collect()] {
            if spelling.len() <= Self::MAX_BYTES && !spellings.iter().any(|known| known.0 == spelling) {
                spellings.push(Self(spelling));
            }
        }
        spellings
    }

    /// Whether a title could ask for it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        Self::from_title(&self.0.replace('-', " ")) == *self
    }

    /// This slug for the `number`th article that asks for it: itself for the
    /// first, then `-2`, `-3` and so on.
    #[must_use]
    pub fn numbered(&self, number: u64) -> Self {
        if number < 2 { self.clone() } else { Self(format!("{}-{number}", self.0)) }
    }

    /// The text as it stands in an address.
    #[must_use]
    pub fn percent_encoded(&self) -> String {
        utf8_percent_encode(&self.0, ESCAPED).to_string()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name with the signs that follow a letter or another of them as words, and words apart.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    let mut follows = false;
    for c in name.chars() {
        match c {
            '+' if follows => words.push_str("plus"),
            '#' if follows => words.push_str("sharp"),
            '-' => words.push(' '),
            _ => words.push(c),
        }
        follows = c.is_alphanumeric() || follows && matches!(c, '+' | '#');
    }
    words
}

/// Whether marks on a letter are accents: in Latin and Greek.
fn folds(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{2af}' | '\u{370}'..='\u{3ff}' | '\u{1d00}'..='\u{1dbf}' | '\u{1e00}'..='\u{1fff}'
            | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}'
    )
}

/// Where a text ends that has at most so many bytes, and no letter without its marks.
fn end_of_characters(text: &str, bytes: usize) -> usize {
    let end = text.floor_char_boundary(bytes);
    let goes_on = |end: usize| text[end..].starts_with(is_combining_mark);
    if !goes_on(end) {
        return end;
    }
    text[..end].char_indices().rev().find(|(_, c)| !is_combining_mark(*c)).map_or(end, |(at, _)| at)
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '_' | '-');
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
    fn marks_that_are_letters_are_kept() {
        for (one, other) in [("दिन", "दान"), ("กิน", "กัน"), ("ガラス", "カラス"), ("Мой", "Мои")]
        {
            assert_ne!(slug(one), slug(other));
        }
        assert_eq!(slug("한국어"), "한국어");
        assert_eq!(slug(&"한국어 Мой".nfd().collect::<String>()), "한국어-мой");
        assert_eq!(slug("Ἀθῆναι naïve"), "αθηναι-naive");
        assert_eq!(slug("ΟΔΟΣ"), slug("οδος"));
        assert_eq!(slug("\u{301}a"), "a");
    }

    #[test]
    fn a_slug_is_found_however_it_is_typed() {
        let spellings = |text: &str| text.parse::<Slug>().unwrap().spellings();
        assert_eq!(spellings("plain-2").len(), 1);
        let decomposed: String = "한국어".nfd().collect();
        for typed in ["한국어", &decomposed] {
            let found: Vec<_> = spellings(typed).into_iter().map(|slug| slug.0).collect();
            assert_eq!(found, ["한국어", &decomposed]);
        }
    }

    #[test]
    fn no_spelling_is_longer_than_a_slug() {
        // Composed, each of these letters becomes two.
        let typed: Slug = "\u{958}".repeat(341).parse().unwrap();
        assert!(typed.spellings().iter().all(|spelling| spelling.0.len() <= Slug::MAX_BYTES));
    }

    #[test]
    fn a_long_title_is_cut_without_a_dash_at_the_end() {
        let slug = Slug::from_title(&format!("{}abc {}", "日".repeat(333), "日".repeat(100)));
        assert!(slug.0.ends_with("abc") && slug.is_plain(), "{slug}");
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
            prop_assert_eq!(slug.nfc().collect::<String>(), slug.clone());
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
