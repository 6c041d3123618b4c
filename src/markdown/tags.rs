//! The tags in a source.

use std::borrow::Cow;

/// A piece of HTML in a source.
pub(super) enum Markup<'s> {
    /// A tag that opens or closes an element.
    Tag(Tag<'s>),
    /// A comment, a declaration or a processing instruction: where it begins and
    /// where what follows it does.
    Other(usize, usize),
}

/// A tag that opens or closes an element.
pub(super) struct Tag<'s> {
    /// In lower case.
    pub(super) name: Cow<'s, str>,
    pub(super) closing: bool,
    /// Whether it ends in `/>`.
    pub(super) empty: bool,
    /// Names in lower case, values as they stand.
    pub(super) attributes: Vec<(String, String)>,
    /// Where its `<` stands, in bytes.
    pub(super) start: usize,
    /// Where what follows its `>` begins.
    pub(super) end: usize,
}

impl Tag<'_> {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Whether a browser may take a `<` before a text for the beginning of a tag, a comment or a declaration.
pub(super) fn begins_markup(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
}

/// All pieces of HTML in a source, in their order.
pub(super) struct Scanner<'s> {
    source: &'s str,
    at: usize,
    /// The ends that do not occur any more, so that nobody looks for them again.
    missing: Vec<&'static str>,
}

impl<'s> Scanner<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0, missing: Vec::new() }
    }

    /// Where the first `end` from `from` on is over.
    fn end_after(&mut self, from: usize, end: &'static str) -> Option<usize> {
        if self.missing.contains(&end) {
            return None;
        }
        let found = self.source[from..].find(end).map(|at| from + at + end.len());
        if found.is_none() {
            self.missing.push(end);
        }
        found
    }
}

impl<'s> Iterator for Scanner<'s> {
    type Item = Markup<'s>;

    fn next(&mut self) -> Option<Markup<'s>> {
        loop {
            let start = self.at + self.source[self.at..].find('<')?;
            let text = &self.source[start..];
            let other = match text.as_bytes().get(1) {
                Some(b'!') if text.starts_with("<!--") => self.end_after(start + 4, "-->"),
                Some(b'!') => self.end_after(start, ">"),
                Some(b'?') => self.end_after(start, "?>"),
                _ => None,
            };
            if let Some(end) = other {
                self.at = end;
                return Some(Markup::Other(start, end));
            }
            if let Some(tag) = tag_at(self.source, start) {
                self.at = tag.end;
                return Some(Markup::Tag(tag));
            }
            self.at = start + 1;
        }
    }
}

/// The elements that have no inside.
pub(super) const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// The most bytes of a tag; nobody writes a longer one.
const MAX_TAG_BYTES: usize = 8_192;

/// How many attributes a tag has at most. Where there are thousands of `<`, each is looked at this
/// far before it is known that it begins no tag.
pub(super) const MAX_ATTRIBUTES: usize = 100;

fn tag_at(source: &str, start: usize) -> Option<Tag<'_>> {
    let text = &source[start + 1..source.floor_char_boundary(source.len().min(start + MAX_TAG_BYTES))];
    let last = start + 1 + text.len();
    let (closing, text) = text.strip_prefix('/').map_or((false, text), |text| (true, text));
    let ends_name = |c: char| c.is_whitespace() || matches!(c, '/' | '<' | '>');
    let length = text.find(ends_name).filter(|length| *length > 0)?;
    let name = &text[..length];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains(['@', ':', '"', '\'']) {
        return None;
    }
    let name =
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() };
    let mut rest = &text[length..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let slashed = rest.strip_prefix('/');
        rest = slashed.unwrap_or(rest);
        if let Some(after) = rest.strip_prefix('>') {
            let empty = slashed.is_some() && !closing;
            let owned = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.to_owned());
            let attributes = attributes.into_iter().map(owned).collect();
            return Some(Tag { name, closing, empty, attributes, start, end: last - after.len() });
        }
        if slashed.is_some() {
            continue;
        }
        if attributes.len() == MAX_ATTRIBUTES {
            return None;
        }
        let (attribute, after) = attribute(rest)?;
        attributes.push(attribute);
        rest = after;
    }
}

/// The attribute at the start of `text`, and what follows it.
fn attribute(text: &str) -> Option<((&str, &str), &str)> {
    let length = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '<' | '"' | '\'' | '/'))?;
    let name = text.get(..length).filter(|name| !name.is_empty())?;
    let after = text[length..].trim_start();
    let Some(value) = after.strip_prefix('=') else {
        return Some(((name, ""), &text[length..]));
    };
    let value = value.trim_start();
    let (value, rest) = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote)?,
        _ => value.split_at(value.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>'))?),
    };
    Some(((name, value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_a_hundred_attributes_at_most() {
        let tags = |source: &str| Scanner::new(source).count();
        assert_eq!(tags(&format!("<p {}>", "a=b ".repeat(100))), 1);
        assert_eq!(tags(&format!("<p {}>", "a=b ".repeat(101))), 0);
    }
}
