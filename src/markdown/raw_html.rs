//! HTML that the author wrote, made such that none of it takes anything with it that follows: a tag
//! that is nothing but named, one that is not allowed, one that is never closed.
//!
//! A browser reads everything after `<script>`, `<title>` or `<!--` as its content, up to an end that
//! may never come, and shows nothing of what stands in a `<video>`. So what could run goes with its
//! content, if it has an end; any other tag that is not allowed goes by itself, or is shown as the
//! text that it was meant as.

use std::collections::HashMap;

use super::math;
use super::sanitise::allows;
use super::tags::{Markup, Scanner, Tag, VOID, begins_markup};
use super::tree::{self, Node, escape};
use super::warnings::Warnings;

/// Elements whose content is no text: it could run, or style the page.
const PROGRAMS: [&str; 2] = ["script", "style"];

/// Elements that show something else than their content.
const PLAYERS: [&str; 3] = ["audio", "iframe", "video"];

/// Elements that show a number, for which their content is only in old browsers.
const GAUGES: [&str; 2] = ["meter", "progress"];

/// Elements that end by themselves where another begins.
const ENDS_BY_ITSELF: [&str; 16] = [
    "caption", "col", "colgroup", "dd", "dt", "li", "option", "p", "rp", "rt", "tbody", "td", "tfoot", "th", "thead",
    "tr",
];

/// Whether a tag that is never closed hides what follows it, and so cannot be meant as one.
pub(super) fn hides_what_follows(name: &str) -> bool {
    !allows(name) || PLAYERS.contains(&name) || GAUGES.contains(&name) || name == "details"
}

/// Makes all raw HTML in and below `nodes` such.
pub(super) fn contain(nodes: &mut Vec<Node>, warnings: &mut Warnings) {
    join_formulas(nodes);
    let mut closed = HashMap::new();
    for index in (0..nodes.len()).rev() {
        match &mut nodes[index] {
            Node::Element(element) => contain(&mut element.children, warnings),
            Node::Raw(html) => {
                let contained = match single_markup(html) {
                    Some(Markup::Tag(tag)) => in_line(&tag, html, &mut closed),
                    _ => None,
                };
                nodes[index] = contained.unwrap_or_else(|| Node::Raw(block(html, warnings)));
            }
            Node::Text(_) | Node::Source(_) => {}
        }
    }
}

/// Makes one piece of the tags and the text of each formula.
fn join_formulas(nodes: &mut Vec<Node>) {
    let begins = |node: &Node| matches!(node, Node::Raw(html) if html.starts_with("<math"));
    let mut joined = Vec::with_capacity(nodes.len());
    let mut rest = std::mem::take(nodes).into_iter().peekable();
    while let Some(node) = rest.next() {
        if !begins(&node) {
            joined.push(node);
            continue;
        }
        let mut html = String::new();
        let mut pieces = vec![node];
        while let Some(Node::Raw(_) | Node::Text(_)) = rest.peek()
            && !rest.peek().is_some_and(begins)
            && !matches!(pieces.last(), Some(Node::Raw(html)) if html == "</math>")
        {
            pieces.extend(rest.next());
        }
        tree::write_nodes(&mut html, &pieces);
        if math::end(&html) == Some(html.len()) { joined.push(Node::Raw(html)) } else { joined.append(&mut pieces) }
    }
    *nodes = joined;
}

/// What a text consists of, if it is one tag or comment.
fn single_markup(html: &str) -> Option<Markup<'_>> {
    let markup = Scanner::new(html).next()?;
    let (start, end) = match &markup {
        Markup::Tag(tag) => (tag.start, tag.end),
        Markup::Other(start, end) => (*start, *end),
    };
    (start == 0 && end == html.len()).then_some(markup)
}

/// What becomes of a tag among text; none if it can stay. `closed` counts the tags after it that close
/// an element.
fn in_line(tag: &Tag, html: &str, closed: &mut HashMap<String, usize>) -> Option<Node> {
    let as_text = || Some(Node::Text(html.to_owned()));
    if !allows(&tag.name) {
        return as_text();
    }
    if tag.closing {
        *closed.entry(tag.name.to_string()).or_default() += 1;
        return None;
    }
    if VOID.contains(&&*tag.name) {
        return None;
    }
    if let Some(count) = closed.get_mut(&*tag.name).filter(|count| **count > 0 && !tag.empty) {
        *count -= 1;
        return None;
    }
    if ENDS_BY_ITSELF.contains(&&*tag.name) {
        return None;
    }
    if tag.empty || shows_something(tag) {
        return Some(Node::Raw(closed_at_once(tag, html)));
    }
    let is_named = tag.attributes.is_empty() || hides_what_follows(&tag.name);
    if is_named { as_text() } else { None }
}

/// Whether a tag says what is shown in the place of its content.
fn shows_something(tag: &Tag) -> bool {
    let shown = |elements: &[&str], by| elements.contains(&&*tag.name) && tag.attribute(by).is_some();
    shown(&PLAYERS, "src") || shown(&GAUGES, "value")
}

/// An element without content.
fn closed_at_once(tag: &Tag, html: &str) -> String {
    format!("{html}</{}>", tag.name)
}

/// HTML of several lines, of which what is not allowed is left out.
fn block(html: &str, warnings: &mut Warnings) -> String {
    let mut ends: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
    for markup in Scanner::new(html) {
        if let Markup::Tag(tag) = markup
            && tag.closing
        {
            ends.entry(tag.name.into_owned()).or_default().push((tag.start, tag.end));
        }
    }
    let mut contained = String::with_capacity(html.len());
    let mut at = 0;
    for markup in Scanner::new(html) {
        let (start, end) = match &markup {
            Markup::Tag(tag) => (tag.start, tag.end),
            Markup::Other(start, end) => (*start, *end),
        };
        // In the content of a program that was left out.
        if start < at {
            continue;
        }
        text(&mut contained, &html[at..start]);
        at = end;
        let markup_text = &html[start..end];
        let Markup::Tag(tag) = markup else {
            if !is_hidden(markup_text) {
                escape(&mut contained, markup_text);
            }
            continue;
        };
        if let Some(length) = (&*tag.name == "math").then(|| math::end(&html[start..])).flatten() {
            contained.push_str(&html[start..start + length]);
            at = start + length;
            continue;
        }
        let end = ends.get(&*tag.name).and_then(|ends| ends.get(ends.partition_point(|end| end.0 < at))).copied();
        let name = &*tag.name;
        if tag.closing {
            if allows(name) && name != "iframe" {
                contained.push_str(markup_text);
            }
        } else if let (true, Some((_, after))) = (PROGRAMS.contains(&name), end) {
            warnings.left_out(name);
            at = after;
        } else if let ("iframe", Some((_, after))) = (name, end) {
            contained.push_str(&closed_at_once(&tag, markup_text));
            at = after;
        } else if VOID.contains(&name) || (end.is_some() && !tag.empty) {
            if allows(name) {
                contained.push_str(markup_text);
            } else {
                warnings.left_out(name);
            }
        } else if allows(name) && (tag.empty || shows_something(&tag)) {
            contained.push_str(&closed_at_once(&tag, markup_text));
        } else if hides_what_follows(name) {
            escape(&mut contained, markup_text);
        } else {
            contained.push_str(markup_text);
        }
    }
    text(&mut contained, &html[at..]);
    contained
}

/// Whether the author meant nobody to see what no tag is: a comment, or instructions to a program.
fn is_hidden(markup: &str) -> bool {
    let markup = markup.get(..9).unwrap_or(markup).to_ascii_lowercase();
    ["<!--", "<?", "<![cdata[", "<!doctype"].iter().any(|start| markup.starts_with(start))
}

/// Text in HTML, of which a browser could take nothing for the beginning of a tag.
fn text(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        html.push_str(&rest[..at]);
        html.push_str(if begins_markup(&rest[at + 1..]) { "&lt;" } else { "<" });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}
