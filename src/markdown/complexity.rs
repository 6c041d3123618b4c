//! How much a source, and the HTML that it becomes, may ask of us and of a browser.
//!
//! A source is refused for what no text of a person has, before it is parsed. A parser of
//! HTML takes time for every element that is open wherever it opens another, and opens
//! unclosed formatting again in every block. An article needs little of either.

use std::collections::HashMap;

use super::tags::{MAX_ATTRIBUTES, Markup, Scanner, VOID};

/// How many lines a source has at most.
const MAX_LINES: usize = 50_000;

/// How many characters that mean something in Markdown it has at most.
const MAX_MARKS: usize = 200_000;

/// How many tags an article has at most.
const MAX_TAGS: usize = 100_000;

/// How deep its elements nest at most.
const MAX_DEPTH: usize = 200;

/// How often formatting is opened again at most: the sum, over all tags, of the
/// formatting that is open there.
const MAX_FORMATTING: usize = 500_000;

/// The most of the product of a text's length in bytes and its escaped characters:
/// the sanitiser writes a text in a time that grows with it.
const MAX_ESCAPING: usize = 5_000_000_000;

/// How many bytes of memory it takes to render a source, for each of its bytes, and for each
/// character in it that means something. Measured; it takes most where such characters stand
/// close together.
const MEMORY_PER_BYTE: usize = 16;
const MEMORY_PER_MARK: usize = 900;

/// The elements that a parser opens again where another has cut them off.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// The characters that mean something in Markdown.
fn marks(source: &str) -> usize {
    source.bytes().filter(|byte| b"\\`*_[]<>&!~#|{}:".contains(byte)).count()
}

/// Whether a source is within the limits.
pub(super) fn is_reasonable_source(source: &str) -> bool {
    marks(source) <= MAX_MARKS && source.lines().count() <= MAX_LINES
}

/// How many bytes of memory it takes at most to render a source.
pub(super) fn memory(source: &str) -> usize {
    source.len() * MEMORY_PER_BYTE + marks(source).min(MAX_MARKS) * MEMORY_PER_MARK
}

/// Whether `html` is within the limits.
pub(super) fn is_reasonable(html: &str) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let (mut tags, mut depth, mut formatting, mut reopened) = (0, 0_usize, 0_usize, 0);
    let mut text_start = 0;
    for markup in Scanner::new(html) {
        let Markup::Tag(tag) = markup else { continue };
        if !is_reasonable_text(&html[text_start..tag.start]) {
            return false;
        }
        text_start = tag.end;
        tags += 1;
        reopened += formatting;
        if tags > MAX_TAGS || depth > MAX_DEPTH || reopened > MAX_FORMATTING {
            return false;
        }
        if VOID.contains(&&*tag.name) {
            continue;
        }
        let formats = usize::from(FORMATTING.contains(&&*tag.name));
        let count = open.entry(tag.name.into_owned()).or_default();
        if !tag.closing {
            *count += 1;
            depth += 1;
            formatting += formats;
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
            formatting -= formats;
        }
    }
    is_reasonable_text(&html[text_start..]) && attributes_are_reasonable(html)
}

/// Whether no tag has too many attributes, which a parser of HTML compares each with all before
/// it. Tags are found as such a parser finds them: also what only begins like one counts, up
/// to the next `>` or the end.
fn attributes_are_reasonable(html: &str) -> bool {
    let mut in_tag = false;
    let (mut attributes, mut last, mut quote, mut space) = (0, b' ', None, false);
    for byte in html.bytes() {
        if !in_tag {
            in_tag = last == b'<' && byte.is_ascii_alphabetic();
            (attributes, quote, space) = (0, None, false);
        } else if quote.is_some() {
            if quote == Some(byte) {
                quote = None;
            }
            continue;
        } else if byte == b'>' {
            in_tag = false;
        } else if byte.is_ascii_whitespace() {
            space = true;
            continue;
        } else if b"\"'".contains(&byte) && last == b'=' {
            quote = Some(byte);
        }
        attributes += usize::from(space && byte != b'=');
        if attributes > MAX_ATTRIBUTES {
            return false;
        }
        (last, space) = (byte, false);
    }
    true
}

fn is_reasonable_text(text: &str) -> bool {
    text.matches('&').count().saturating_mul(text.len()) <= MAX_ESCAPING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_writes_is_reasonable() {
        assert!(is_reasonable_source(&"A line of *text* with a [link](/to/something) in it.\n".repeat(20_000)));
        assert!(!is_reasonable_source(&"a\n".repeat(60_000)) && !is_reasonable_source(&"<".repeat(300_000)));
        assert!(is_reasonable(&"<p>a <b>b</b> <br> <img src=x></p>".repeat(9_000)));
        assert!(!is_reasonable(&"<p></p>".repeat(60_000)));
        assert!(!is_reasonable(&"&amp;aaaaaaaaaaa".repeat(65_000)));
        assert!(!is_reasonable(&"<div>".repeat(300)));
        assert!(is_reasonable(&format!("<p {}>", "a=\"b c\"\n      ".repeat(90))));
        assert!(!is_reasonable(&format!("<p {}>", "a=\"b\" ".repeat(101))));
        assert!(!is_reasonable(&format!("<p@ \" {}>", "a ".repeat(101))));
        assert!(!is_reasonable(&format!("<p {}>", "a ".repeat(80_000))));
        assert!(!is_reasonable(&format!("<p {}", "a ".repeat(80_000))));
        assert!(!is_reasonable(&format!("{}{}", "<b>".repeat(150), "<p></p>".repeat(9_000))));
    }
}
