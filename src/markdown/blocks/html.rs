//! HTML blocks in a source, and those that hold Markdown:
//! `<div class="gallery" markdown="1">`.
//!
//! A block begins with a tag at the beginning of a line and ends where that
//! element does, however many blank lines stand in it.

use std::collections::HashMap;

use crate::markdown::raw_html::hides_what_follows;
use crate::markdown::source::{Content, MarkdownInHtml, Mode, Piece, Stash};
use crate::markdown::tags::{Markup, Scanner, Tag};
use crate::markdown::tree::is_block;

/// Elements whose inside is one paragraph's text with `markdown="1"`.
const SPANS: [&str; 15] =
    ["address", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "legend", "li", "p", "summary", "td", "th"];

/// Block elements whose inside is never Markdown.
const RAW: [&str; 6] = ["canvas", "math", "pre", "script", "style", "textarea"];

/// How deep elements with Markdown inside nest; a deeper one is handed on as it
/// stands.
const MAX_DEPTH: usize = 40;

/// Takes HTML blocks out of `source`.
pub(in crate::markdown) fn extract(source: &str, stash: &mut Stash) -> String {
    let rest = String::with_capacity(source.len());
    let mut extractor = Extractor {
        source,
        stash,
        rest,
        raw: String::new(),
        open: Vec::new(),
        names: HashMap::new(),
        containers: Vec::new(),
        in_tail: false,
        last_ends: HashMap::new(),
    };
    let mut at = 0;
    for markup in Scanner::new(source) {
        let (start, end) = match &markup {
            Markup::Tag(tag) => (tag.start, tag.end),
            Markup::Other(start, end) => (*start, *end),
        };
        extractor.data(&source[at..start]);
        match markup {
            Markup::Tag(tag) if tag.closing => extractor.closing(&tag),
            Markup::Tag(tag) => extractor.opening(&tag),
            Markup::Other(..) => extractor.empty(start, end, true),
        }
        at = end;
    }
    extractor.data(&source[at..]);
    extractor.finish()
}

struct Extractor<'s> {
    source: &'s str,
    stash: &'s mut Stash,
    /// The source without its blocks.
    rest: String,
    /// The block that is handed on as it stands and is not at its end yet, and
    /// the names of the elements that are open in it.
    raw: String,
    open: Vec<String>,
    /// How many elements of each name are open in it.
    names: HashMap<String, usize>,
    /// The elements with Markdown inside that are open.
    containers: Vec<MarkdownInHtml>,
    /// On the line on which a block ended.
    in_tail: bool,
    /// Where the last tags that close elements are, as far as somebody has looked.
    last_ends: HashMap<String, Option<usize>>,
}

impl Extractor<'_> {
    fn in_raw(&self) -> bool {
        !self.open.is_empty()
    }

    fn data(&mut self, text: &str) {
        if self.in_tail && text.contains('\n') {
            self.in_tail = false;
        }
        if self.in_raw() {
            self.raw.push_str(text);
        } else {
            self.text(text);
        }
    }

    /// Text that may be Markdown.
    fn text(&mut self, text: &str) {
        match self.containers.last_mut() {
            None => self.rest.push_str(text),
            Some(container) => match container.content.last_mut() {
                Some(Content::Text(before)) => before.push_str(text),
                _ => container.content.push(Content::Text(text.to_owned())),
            },
        }
    }

    fn opening(&mut self, tag: &Tag) {
        let text = &self.source[tag.start..tag.end];
        let begins = self.in_tail || self.begins_line(tag.start);
        if tag.empty || (tag.name == "hr" && begins) {
            return self.empty(tag.start, tag.end, is_block(&tag.name));
        }
        if self.in_raw() {
            return self.open_raw(tag);
        }
        if !is_block(&tag.name) || !begins {
            return self.text(text);
        }
        let mode = self.mode(tag);
        if self.containers.is_empty() && mode == Mode::Off || self.containers.len() >= MAX_DEPTH {
            if hides_what_follows(&tag.name) && !self.is_closed_after(tag) {
                return self.text(text);
            }
            self.text("\n");
            return self.open_raw(tag);
        }
        if self.containers.iter().any(|container| container.name == "p") {
            self.close_container("p", tag.start);
        }
        let known = tag.attributes.iter().filter(|(name, _)| name != "markdown");
        let attributes = known.cloned().collect();
        self.containers.push(MarkdownInHtml { name: tag.name.to_string(), attributes, mode, content: Vec::new() });
    }

    /// Whether an element's end comes anywhere after a tag.
    fn is_closed_after(&mut self, tag: &Tag) -> bool {
        let last = self.last_ends.entry(tag.name.to_string()).or_insert_with(|| {
            let end = format!("</{}", tag.name);
            self.source.to_ascii_lowercase().rfind(&end)
        });
        last.is_some_and(|last| last >= tag.end)
    }

    /// Opens an element that is handed on as it stands.
    fn open_raw(&mut self, tag: &Tag) {
        self.raw.push_str(&self.source[tag.start..tag.end]);
        self.open.push(tag.name.to_string());
        *self.names.entry(tag.name.to_string()).or_default() += 1;
    }

    fn close_raw(&mut self, name: &str) {
        while self.names.get(name).is_some_and(|open| *open > 0) {
            let Some(closed) = self.open.pop() else { return };
            if let Some(open) = self.names.get_mut(&closed) {
                *open -= 1;
            }
            if closed == name {
                return;
            }
        }
    }

    /// How the inside of an element is read, which is never less strictly than
    /// the inside of the one it stands in.
    fn mode(&self, tag: &Tag) -> Mode {
        let around = self.containers.last().map(|container| container.mode);
        let span = SPANS.contains(&&*tag.name);
        let own = match tag.attribute("markdown") {
            _ if RAW.contains(&&*tag.name) => Mode::Off,
            Some("1" | "markdown" | "") if span => Mode::Span,
            Some("1" | "markdown" | "" | "block") => Mode::Blocks,
            Some("span") => Mode::Span,
            _ => Mode::Off,
        };
        match around {
            Some(Mode::Off) => Mode::Off,
            Some(Mode::Span) if own == Mode::Blocks => Mode::Span,
            _ => own,
        }
    }

    fn closing(&mut self, tag: &Tag) {
        let text = &self.source[tag.start..tag.end];
        if self.in_raw() {
            self.raw.push_str(text);
            self.close_raw(&tag.name);
            if self.open.is_empty() {
                self.end_of_block(tag.end);
                let html = std::mem::take(&mut self.raw);
                self.stash_block(Piece::Html(html));
            }
        } else if is_block(&tag.name) && self.containers.iter().any(|container| container.name == tag.name) {
            self.close_container(&tag.name, tag.end);
        } else {
            self.text(text);
        }
    }

    /// Ends the innermost element `name` with Markdown inside, and those in it.
    fn close_container(&mut self, name: &str, end: usize) {
        while let Some(container) = self.containers.pop() {
            let found = container.name == name;
            if let Some(around) = self.containers.last_mut() {
                around.content.push(Content::MarkdownInHtml(container));
            } else {
                self.place_apart(Piece::MarkdownInHtml(container), end);
            }
            if found {
                return;
            }
        }
    }

    /// A comment, a rule or another element without an inside.
    fn empty(&mut self, start: usize, end: usize, block: bool) {
        let text = &self.source[start..end];
        if self.in_raw() {
            self.raw.push_str(text);
        } else if !block || !(self.in_tail || self.begins_line(start)) {
            self.text(text);
        } else if self.containers.is_empty() {
            self.place_apart(Piece::Html(text.to_owned()), end);
        } else {
            let mark = self.stash.keep(Piece::Html(text.to_owned()));
            self.text(&format!("\n{mark}\n\n"));
        }
    }

    /// Leaves the mark of a block in a paragraph of its own.
    fn stash_block(&mut self, block: Piece) {
        let mark = self.stash.keep(block);
        self.text(&format!("{mark}\n\n"));
    }

    /// The same for a block that ends at `end`, with a blank line before it.
    fn place_apart(&mut self, block: Piece, end: usize) {
        self.end_of_block(end);
        if self.rest.ends_with('\n') && !self.rest.ends_with("\n\n") {
            self.rest.push('\n');
        }
        self.stash_block(block);
    }

    /// Notes whether a block that ends at `end` has something after it.
    fn end_of_block(&mut self, end: usize) {
        let mut after = self.source[end..].bytes().filter(|byte| *byte != b' ');
        let mut ends_line = || matches!(after.next(), None | Some(b'\n'));
        self.in_tail = !(ends_line() && ends_line());
    }

    /// Whether only white space, three at most, stands before `at` on its line.
    fn begins_line(&self, at: usize) -> bool {
        let before = self.source[..at].bytes().rev().take(4).find(|byte| *byte != b' ');
        before == Some(b'\n') || (before.is_none() && at < 4)
    }

    fn finish(mut self) -> String {
        if self.in_raw() {
            let html = std::mem::take(&mut self.raw);
            self.open.clear();
            self.stash_block(Piece::Html(html));
        }
        if let Some(outermost) = self.containers.first() {
            let name = outermost.name.clone();
            while !self.containers.is_empty() {
                self.close_container(&name, self.source.len());
            }
        }
        self.rest
    }
}
