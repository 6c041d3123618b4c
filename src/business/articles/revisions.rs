//! What an article was before it was saved again.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use similar::{Algorithm, ChangeTag, TextDiff};

use super::article::Text;
use super::tags::Tag;
use crate::business::{Fault, Timestamp, Username};

/// How many seconds after a revision was begun saves of its author count as the same one.
pub const REVISION_SECONDS: u32 = 10 * 60;

/// How many revisions of an article are kept, beside those that have a name.
pub const MAX_REVISIONS: u64 = 200;

/// How long it is looked for the smallest difference between two texts.
const DIFF_TIMEOUT: Duration = Duration::from_millis(500);

/// What an article was from one save to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Counted from 1.
    pub number: u64,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Who saved it.
    pub author: Username,
    /// The title.
    pub title: String,
    /// The sentence that search engines show.
    pub meta_description: String,
    /// The picture that stands for it.
    pub featured_image: Option<String>,
    /// What it is about.
    pub tags: Vec<Tag>,
    /// How many words its body has more than that of the revision before, wherever they stand, and less.
    pub words: WordsChanged,
    /// What its author calls it.
    pub name: Option<String>,
}

/// How many words are in one text and not in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordsChanged {
    /// In the later one.
    pub added: u32,
    /// In the earlier one.
    pub removed: u32,
}

/// A revision with what the article said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionWithText {
    /// The revision.
    pub revision: Revision,
    /// What it said.
    pub text: Text,
}

/// What an author calls a revision: 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionName(String);

/// The text is no such name.
#[derive(Debug, thiserror::Error)]
#[error("Expected 'name' to have 1 to {} characters", RevisionName::MAX_CHARS)]
pub struct InvalidRevisionName;

impl RevisionName {
    /// The most characters it has.
    pub const MAX_CHARS: usize = 100;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RevisionName {
    type Err = InvalidRevisionName;

    fn from_str(text: &str) -> Result<Self, InvalidRevisionName> {
        let text = text.trim();
        let is_short = text.chars().nth(Self::MAX_CHARS).is_none();
        if text.is_empty() || !is_short || text.chars().any(char::is_control) {
            return Err(InvalidRevisionName);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RevisionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What revisions need from storage. Absence is no error.
#[async_trait]
pub trait RevisionStore: Send + Sync {
    /// The revisions of an article before one, or all, the newest first, so many at most.
    async fn revisions(&self, article: u64, before: Option<u64>, limit: u32) -> Result<Vec<Revision>, Fault>;

    /// A revision of an article.
    async fn revision(&self, article: u64, number: u64) -> Result<Option<RevisionWithText>, Fault>;

    /// Names a revision, so that it is kept, or takes its name. False if there is no such revision.
    async fn name_revision(&self, article: u64, number: u64, name: Option<&RevisionName>) -> Result<bool, Fault>;
}

/// How two texts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// By lines, as programs read it.
    pub unified: String,
    /// By words, as HTML with `<ins>` and `<del>`.
    pub html: String,
}

/// How two revisions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionDifference {
    /// In their titles.
    pub title: Difference,
    /// In their bodies.
    pub body: Difference,
}

impl RevisionDifference {
    /// How `new` differs from `old`.
    #[must_use]
    pub fn between(old: &RevisionWithText, new: &RevisionWithText) -> Self {
        let names = [old, new].map(|revision| format!("revision {}", revision.revision.number));
        let between = |old: &str, new: &str| Difference {
            unified: unified(old, new, [&names[0], &names[1]]),
            html: html(old, new),
        };
        Self { title: between(&old.revision.title, &new.revision.title), body: between(&old.text.body, &new.text.body) }
    }
}

fn unified(old: &str, new: &str, [before, after]: [&str; 2]) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).timeout(DIFF_TIMEOUT).diff_lines(old, new);
    diff.unified_diff().header(before, after).missing_newline_hint(false).to_string()
}

fn html(old: &str, new: &str) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).timeout(DIFF_TIMEOUT).diff_words(old, new);
    let (mut html, mut open) = (String::new(), ChangeTag::Equal);
    for change in diff.iter_all_changes() {
        if change.tag() != open {
            html.push_str(closing(open));
            open = change.tag();
            html.push_str(opening(open));
        }
        for c in change.value().chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                c => html.push(c),
            }
        }
    }
    html.push_str(closing(open));
    html
}

fn opening(tag: ChangeTag) -> &'static str {
    match tag {
        ChangeTag::Equal => "",
        ChangeTag::Insert => "<ins>",
        ChangeTag::Delete => "<del>",
    }
}

fn closing(tag: ChangeTag) -> &'static str {
    match tag {
        ChangeTag::Equal => "",
        ChangeTag::Insert => "</ins>",
        ChangeTag::Delete => "</del>",
    }
}

impl WordsChanged {
    /// The words of `new` that are not in `old`, and the other way round.
    #[must_use]
    pub fn between(old: &str, new: &str) -> Self {
        let mut counts: HashMap<&str, i64> = HashMap::new();
        for word in new.split_whitespace() {
            *counts.entry(word).or_default() += 1;
        }
        for word in old.split_whitespace() {
            *counts.entry(word).or_default() -= 1;
        }
        let sum = |sign: i64| counts.values().map(|count| (sign * count).max(0)).sum::<i64>();
        let count = |sum: i64| u32::try_from(sum).unwrap_or(u32::MAX);
        Self { added: count(sum(1)), removed: count(sum(-1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_wherever_they_stand() {
        let changed = |old, new| {
            let WordsChanged { added, removed } = WordsChanged::between(old, new);
            (added, removed)
        };
        assert_eq!(changed("", "one two two"), (3, 0));
        assert_eq!(changed("one two three", "one too three four"), (2, 1));
        assert_eq!(changed("one two", "two\n\none"), (0, 0));
    }

    #[test]
    fn a_difference_is_safe_html_and_a_patch() {
        assert_eq!(
            html("some <b>old</b> text", "some new text & more"),
            "some <del>&lt;b&gt;old&lt;/b&gt;</del><ins>new</ins> text<ins> &amp; more</ins>"
        );
        assert_eq!(html("same", "same"), "same");
        let patch = unified("one\ntwo\nthree\n", "one\n2\nthree\n", ["a", "b"]);
        assert_eq!(patch, "--- a\n+++ b\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
        assert_eq!(unified("same\n", "same\n", ["a", "b"]), "");
    }

    #[test]
    fn a_name_is_short() {
        assert_eq!(" before the rewrite ".parse::<RevisionName>().unwrap().as_str(), "before the rewrite");
        for invalid in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert!(invalid.parse::<RevisionName>().is_err(), "{invalid:?}");
        }
    }
}
