//! What a text is about and how long it takes to read it, from its HTML.

use std::borrow::Cow;
use std::cell::RefCell;

use lol_html::{RewriteStrSettings, doc_text, element, rewrite_str};

use super::tree::is_block;

/// What there is to say of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many words it has; each ideograph counts as one.
    pub words: u32,
    /// How many minutes it takes to read it, rounded up.
    pub reading_minutes: u32,
    /// Its first paragraph as plain text, at most [`EXCERPT_CHARS`] characters, cut at a word.
    pub excerpt: String,
}

/// The most characters of an excerpt.
pub const EXCERPT_CHARS: usize = 300;

/// How many words people read in a minute, and how many ideographs.
const WORDS_A_MINUTE: u32 = 230;
const IDEOGRAPHS_A_MINUTE: u32 = 400;

/// What was read so far.
#[derive(Default)]
struct Reader {
    words: u32,
    ideographs: u32,
    /// Whether the last character was one of a word.
    in_word: bool,
    /// Whether this is in the paragraph that the excerpt is made of.
    in_paragraph: bool,
    /// Its words so far, with single spaces between them.
    paragraph: String,
    /// How many characters that has.
    chars: usize,
}

impl Reader {
    fn read(&mut self, text: &str) {
        for c in text.chars() {
            if is_ideograph(c) {
                self.ideographs += 1;
                self.in_word = false;
            } else if c.is_alphanumeric() {
                self.words += u32::from(!self.in_word);
                self.in_word = true;
            } else if c.is_whitespace() {
                self.in_word = false;
            }
            // Enough to see where a word ends.
            if self.in_paragraph && self.chars <= EXCERPT_CHARS {
                self.add(c);
            }
        }
    }

    fn add(&mut self, c: char) {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !(self.paragraph.is_empty() || self.paragraph.ends_with(' ')) {
            self.paragraph.push(c);
            self.chars += 1;
        }
    }

    /// Another line begins.
    fn separate(&mut self) {
        self.read(" ");
    }

    fn begin_paragraph(&mut self) {
        self.in_paragraph = self.paragraph.trim().is_empty();
    }

    fn summary(self) -> Summary {
        let minutes = self.words.div_ceil(WORDS_A_MINUTE) + self.ideographs / IDEOGRAPHS_A_MINUTE;
        let read = self.words + self.ideographs;
        Summary { words: read, reading_minutes: minutes.max(read.min(1)), excerpt: excerpt(self.paragraph) }
    }
}

/// The summary of what a text was rendered to.
pub(super) fn of(html: &str) -> Summary {
    let reader = RefCell::new(Reader::default());
    let lines = element!("*", |element| {
        let name = element.tag_name();
        if name == "br" || is_block(&name) {
            reader.borrow_mut().separate();
        }
        // Whatever begins ends the paragraph before it, if that was one with words.
        if name == "p" {
            reader.borrow_mut().begin_paragraph();
        } else if is_block(&name) {
            reader.borrow_mut().in_paragraph = false;
        }
        Ok(())
    });
    let text = doc_text!(|chunk| {
        reader.borrow_mut().read(&decoded(chunk.as_str()));
        Ok(())
    });
    let settings = RewriteStrSettings::new().append_element_content_handler(lines);
    let settings = settings.append_document_content_handler(text);
    // HTML of ours that cannot be read any more says nothing.
    let read = rewrite_str(html, settings).is_ok();
    if read { reader.into_inner().summary() } else { Summary::default() }
}

/// Text without the references that a sanitised one has.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">");
    Cow::Owned(text.replace("&amp;", "&"))
}

/// A paragraph, cut at a word if it is too long.
fn excerpt(paragraph: String) -> String {
    let paragraph = paragraph.trim_end();
    if paragraph.chars().count() <= EXCERPT_CHARS {
        return paragraph.to_owned();
    }
    // With room for what says that it goes on.
    let end = paragraph.char_indices().nth(EXCERPT_CHARS - 1).map_or(paragraph.len(), |(at, _)| at);
    let whole = &paragraph[..end];
    let cut = if paragraph[end..].starts_with(' ') {
        whole
    } else {
        whole.rsplit_once(' ').map_or(whole, |(before, _)| before)
    };
    format!("{}…", cut.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':')))
}

/// Whether a character is a word by itself, in scripts that are written without spaces.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_stands_between_spaces_and_lines() {
        let words = |html| of(html).words;
        assert_eq!(words("<h2 id=\"a\">One two</h2>\n<ul><li>three</li><li>four<br>five</li></ul>"), 5);
        assert_eq!(words("<p>well-known &amp; <em>emph</em>asised, don't &mdash; 3.14</p>"), 5);
        assert_eq!(words("<p>日本語 です</p>"), 5);
        assert_eq!(words("<p><img src=\"a\" alt=\"no words\"> ! —</p>"), 0);
    }

    #[test]
    fn an_excerpt_is_the_first_paragraph_with_words() {
        let html = "<h1>Title</h1>\n<p><img src=\"a.png\"></p>\n<p>Some\n<em>words</em> &lt;here&gt;&nbsp;&amp; there</p>\n<p>More</p>";
        assert_eq!(of(html).excerpt, "Some words <here> & there");
        assert_eq!(of("<h1>Title</h1><pre><code>code</code></pre>").excerpt, "");
        assert_eq!(of("<blockquote><p>Quoted</p></blockquote><p>after</p>").excerpt, "Quoted");
        assert_eq!(of("<p>before</p>\n<ul><li>item</li></ul>").excerpt, "before");
        let long = of(&format!("<p>{}</p>", "word, ".repeat(100))).excerpt;
        assert!(long.ends_with("word…") && (290..=300).contains(&long.chars().count()), "{long}");
        assert_eq!(of(&format!("<p>{}</p>", "x".repeat(400))).excerpt.chars().count(), 300);
        assert_eq!(of(&format!("<p>{}</p>", "x".repeat(300))).excerpt.chars().count(), 300);
    }

    #[test]
    fn reading_takes_a_minute_at_least() {
        let minutes = |html: &str| of(html).reading_minutes;
        assert_eq!((minutes(""), minutes("<p>one</p>"), minutes(&"word ".repeat(230))), (0, 1, 1));
        assert_eq!((minutes(&"word ".repeat(231)), minutes(&"語".repeat(801))), (2, 2));
    }

    proptest! {
        #[test]
        fn an_excerpt_is_never_too_long_and_has_no_edges(text in "[a-z ,é語\n]{0,700}") {
            let excerpt = of(&format!("<p>{text}</p>")).excerpt;
            prop_assert!(excerpt.chars().count() <= EXCERPT_CHARS);
            prop_assert_eq!(excerpt.trim(), &excerpt);
            prop_assert!(!excerpt.contains("  "));
        }
    }
}
