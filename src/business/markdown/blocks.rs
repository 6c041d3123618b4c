//! HTML blocks whose inside is Markdown: `<div class="gallery" markdown="1">`.
//!
//! A Markdown parser hands an HTML block on as it stands. So these blocks are
//! taken out first, their inside is rendered, and a comment keeps their place.

use super::parse;
use super::tree::{Element, Node};

/// The elements that hold Markdown when they ask for it.
const HOLDERS: [&str; 9] = ["div", "section", "article", "aside", "figure", "figcaption", "details", "summary", "p"];

/// How deep such blocks nest; a deeper one is handed on as HTML.
const MAX_DEPTH: usize = 16;

/// A text without its blocks, and the blocks.
pub(super) struct Extracted {
    pub(super) source: String,
    blocks: Vec<Element>,
    /// What no line of the text contains.
    mark: String,
}

impl Extracted {
    /// The block that an HTML block of the source stands for.
    pub(super) fn block(&self, html: &str) -> Option<&Element> {
        let number = html.trim().strip_prefix(&self.mark)?.strip_suffix("-->")?;
        self.blocks.get(number.parse::<usize>().ok()?)
    }

    fn keep(&mut self, block: Element) {
        let place = format!("\n{}{}-->\n\n", self.mark, self.blocks.len());
        self.source.push_str(&place);
        self.blocks.push(block);
    }
}

/// Takes the blocks out of `source`, which stands `depth` elements deep.
pub(super) fn extract(source: &str, depth: usize) -> Extracted {
    let mut mark = "<!--block-".to_owned();
    while source.contains(&mark) {
        mark.push('-');
    }
    let mut extracted = Extracted { source: String::with_capacity(source.len()), blocks: Vec::new(), mark };
    let mut fence: Option<&str> = None;
    let mut rest = source;
    while !rest.is_empty() {
        let line = &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)];
        if fence.is_none()
            && depth < MAX_DEPTH
            && let Some(tag) = OpeningTag::at(rest)
            && let Some(mode) = tag.attribute("markdown")
            && let Some((inside, after)) = split_at_end(&rest[tag.length..], &tag.name)
        {
            extracted.keep(render(&tag, mode, inside, depth + 1));
            rest = after;
            continue;
        }
        fence = next_fence(fence, line);
        extracted.source.push_str(line);
        rest = &rest[line.len()..];
    }
    extracted
}

fn render(tag: &OpeningTag, mode: &str, inside: &str, depth: usize) -> Element {
    let inline = mode == "span" || (mode != "block" && matches!(tag.name.as_str(), "p" | "summary"));
    let children = if inline { parse::parse_inline(inside.trim(), depth) } else { parse::parse_at(inside, depth) };
    let mut element = Element::new(&tag.name, children);
    element.attributes = tag.attributes.iter().filter(|(name, _)| name != "markdown").cloned().collect();
    // The author may have put the element where only text may stand.
    if element.children.is_empty() {
        element.children.push(Node::Text(String::new()));
    }
    element
}

/// The code fence that is open after `line`.
fn next_fence<'s>(open: Option<&'s str>, line: &'s str) -> Option<&'s str> {
    let text = line.trim_start();
    let Some(kind) = text.chars().next().filter(|c| matches!(c, '`' | '~')) else { return open };
    let length = text.len() - text.trim_start_matches(kind).len();
    match open {
        None if length >= 3 && line.len() - text.len() < 4 => Some(&text[..length]),
        Some(fence) if fence.starts_with(kind) && length >= fence.len() && text[length..].trim().is_empty() => None,
        _ => open,
    }
}

struct OpeningTag {
    name: String,
    attributes: Vec<(String, String)>,
    /// In bytes, from the start of its line.
    length: usize,
}

impl OpeningTag {
    /// The tag that opens a line, after at most three spaces.
    fn at(line: &str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        let text = text.strip_prefix('<').filter(|_| indent < 4)?;
        let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next()?.to_ascii_lowercase();
        if !HOLDERS.contains(&name.as_str()) {
            return None;
        }
        let mut rest = &text[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('>') {
                return Some(Self { name, attributes, length: line.len() - after.len() });
            }
            let (attribute, after) = attribute(rest)?;
            attributes.push(attribute);
            rest = after;
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The attribute at the start of `text`, and what follows it.
fn attribute(text: &str) -> Option<((String, String), &str)> {
    let length = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '<' | '"' | '\''))?;
    let name = text.get(..length).filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let Some(value) = text[length..].strip_prefix('=') else {
        return Some(((name, String::new()), &text[length..]));
    };
    let (value, rest) = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote)?,
        _ => value.split_at(value.find(|c: char| c.is_whitespace() || c == '>')?),
    };
    Some(((name, value.to_owned()), rest))
}

/// Splits at the tag that closes an open element `name`, counting those of its
/// name inside. What follows the closing tag on its line goes on.
fn split_at_end<'s>(text: &'s str, name: &str) -> Option<(&'s str, &'s str)> {
    let mut open = 1_usize;
    let mut from = 0;
    while let Some(found) = text[from..].find('<') {
        let at = from + found;
        let tag = &text[at + 1..];
        let (closing, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let is_name = tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && !tag[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        from = at + 1;
        if is_name {
            if closing {
                open -= 1;
            } else {
                open += 1;
            }
            if open == 0 {
                let after = tag.find('>').map_or("", |end| &tag[end + 1..]);
                return Some((&text[..at], after));
            }
        }
    }
    None
}
