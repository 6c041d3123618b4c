//! What a text defines in one place and uses in another: the targets of links
//! and footnotes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lines::{TAB, dedent};
use super::queue::{Block, Queue};
use crate::markdown::tree::Element;

/// Everything that a text defines.
#[derive(Default)]
pub(in crate::markdown) struct Definitions {
    references: HashMap<String, Reference>,
    /// In the order of their definitions, and their places by their labels.
    footnotes: Vec<Footnote>,
    labels: HashMap<String, usize>,
    /// How many bytes references to these were resolved to so far.
    resolved: AtomicUsize,
}

/// The most bytes that all references of a text are resolved to, of which each says the same
/// again. Beyond that, they are text.
const MAX_RESOLVED: usize = 1 << 20;

/// `[label]: url "title"`
#[derive(Clone)]
pub(in crate::markdown) struct Reference {
    pub(in crate::markdown) url: String,
    pub(in crate::markdown) title: Option<String>,
}

/// `[^label]: text`
struct Footnote {
    text: String,
    /// How deep the block is nested that defines it.
    depth: usize,
    content: Element,
}

/// What stands for the same label: case and white space do not count.
fn key(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Definitions {
    /// Whether so many more bytes may be resolved to.
    pub(in crate::markdown) fn may_resolve(&self, bytes: usize) -> bool {
        self.resolved.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_RESOLVED
    }

    pub(in crate::markdown) fn reference(&self, label: &str) -> Option<&Reference> {
        self.references.get(&key(label))
    }

    /// What a footnote says, as the item of a list.
    pub(in crate::markdown) fn footnote(&self, label: &str) -> Option<&Element> {
        Some(&self.footnotes[*self.labels.get(label)?].content)
    }

    /// The text of the footnote that was defined as the `index`th, and how deep that was; its
    /// content takes its place.
    pub(super) fn take_footnote_text(&mut self, index: usize) -> Option<(String, usize)> {
        let footnote = self.footnotes.get_mut(index)?;
        Some((std::mem::take(&mut footnote.text), footnote.depth))
    }

    pub(super) fn set_footnote(&mut self, index: usize, content: Element) {
        self.footnotes[index].content = content;
    }

    /// Changes what the footnotes say.
    pub(super) fn for_each_footnote(&mut self, change: impl Fn(&mut Element)) {
        self.footnotes.iter_mut().for_each(|footnote| change(&mut footnote.content));
    }

    /// Takes the first definition out of a block that is nested so deep; what is left of it.
    pub(super) fn take<'t>(&mut self, block: Block<'t>, depth: usize, queue: &mut Queue<'t>) -> Option<Vec<Block<'t>>> {
        let text = block.text;
        if !text.contains("]:") {
            return None;
        }
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if let Some((label, first)) = footnote(line) {
                let (says, rest) = footnote_text(first, &text[at + line.len()..], queue);
                self.keep_footnote(label, says, depth);
                return Some(left(block, &text[..at], rest));
            }
            if let Some((label, reference, length)) = reference(&text[at..]) {
                self.references.insert(key(label), reference);
                return Some(left(block, &text[..at], &text[at + length..]));
            }
            at += line.len();
        }
        None
    }

    /// Keeps a footnote, unless its label has one.
    fn keep_footnote(&mut self, label: &str, text: String, depth: usize) {
        if !self.labels.contains_key(label) {
            self.labels.insert(label.to_owned(), self.footnotes.len());
            self.footnotes.push(Footnote { text, depth, content: Element::new("li", Vec::new()) });
        }
    }
}

/// The text of a footnote that begins with `first`; `after` are the lines that follow. Also
/// returns those that are not the footnote's.
fn footnote_text<'t>(first: &str, after: &'t str, queue: &mut Queue<'t>) -> (String, &'t str) {
    let mut end = 0;
    for line in after.split_inclusive('\n') {
        if footnote(line).is_some() {
            break;
        }
        end += line.len();
    }
    let mut text = [first.trim_end(), &dedent(after[..end].trim_end(), 1)].join("\n");
    text.truncate(text.trim_end().len());
    if end == after.len() {
        while let Some(block) = queue.pop_front_if(|block| block.text.trim_start_matches('\n').starts_with(TAB)) {
            text.push_str("\n\n");
            text.push_str(&dedent(block.text, 1));
        }
    }
    (text, &after[end..])
}

/// The parts of a block before and after a definition, as far as they say anything.
fn left<'t>(block: Block<'t>, before: &'t str, after: &'t str) -> Vec<Block<'t>> {
    let parts = [before.trim_end_matches('\n'), after.trim_start_matches('\n')];
    parts.into_iter().filter(|part| !part.trim().is_empty()).map(|part| block.part(part)).collect()
}

/// A line without the spaces, three at most, before it.
fn unindented(text: &str) -> Option<&str> {
    let line = text.trim_start_matches(' ');
    (text.len() - line.len() < 4).then_some(line)
}

/// The label of the footnote that a line defines, and what it says.
fn footnote(line: &str) -> Option<(&str, &str)> {
    let (label, text) = unindented(line)?.strip_prefix("[^")?.split_once("]:")?;
    let named = !label.is_empty() && !label.contains([']', '[']) && !label.contains(char::is_whitespace);
    named.then(|| (label, text.trim_start_matches(' ')))
}

/// The label and the target that `text` begins by defining, and how long that is.
fn reference(text: &str) -> Option<(&str, Reference, usize)> {
    let inside = unindented(text)?.strip_prefix('[')?;
    let (label, after) = inside.split_at(inside.find(['[', ']'])?);
    let after = after.strip_prefix("]:")?.trim_start_matches(' ');
    let after = after.strip_prefix('\n').unwrap_or(after).trim_start_matches(' ');
    let (url, after) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
    if url.is_empty() {
        return None;
    }
    let (line, below) = after.split_once('\n').map_or((after, None), |(line, below)| (line, Some(below)));
    let reference = |title: Option<&str>| Reference {
        url: url.trim_start_matches('<').trim_end_matches('>').to_owned(),
        title: title.map(str::to_owned),
    };
    let length = |rest: Option<&str>| text.len() - rest.map_or(0, str::len);
    if let Some(title) = title(line) {
        return Some((label, reference(Some(title)), length(below)));
    }
    if !line.trim_matches(' ').is_empty() {
        return None;
    }
    if let Some(below) = below {
        let (line, rest) = below.split_once('\n').map_or((below, None), |(line, rest)| (line, Some(rest)));
        if let Some(title) = title(line) {
            return Some((label, reference(Some(title)), length(rest)));
        }
    }
    Some((label, reference(None), length(below)))
}

/// The title that is all there is on a line.
fn title(line: &str) -> Option<&str> {
    let line = line.trim_matches(' ');
    let quoted = |open: char, close: char| line.strip_prefix(open)?.strip_suffix(close);
    quoted('"', '"').or_else(|| quoted('\'', '\'')).or_else(|| quoted('(', ')'))
}
