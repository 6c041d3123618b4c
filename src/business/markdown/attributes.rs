//! Attribute lists: `{: .class #id key=value }` after what they belong to.

use super::tree::{Element, Node};

/// Moves every attribute list in the tree onto its element.
pub(super) fn apply(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        if let Node::Element(element) = node
            && element.name != "pre"
        {
            apply(&mut element.children);
            take_own(element);
        }
    }
    take_following(nodes);
}

/// A block takes the list that ends it: a heading or a cell on its line, a
/// paragraph or an item on a line of its own.
fn take_own(element: &mut Element) {
    let on_its_line = element.heading_level().is_some() || matches!(element.name.as_str(), "th" | "td");
    if !on_its_line && !matches!(element.name.as_str(), "p" | "li") {
        return;
    }
    let before_blocks = element.children.iter().position(|child| matches!(child, Node::Element(e) if e.is_block()));
    let end = before_blocks.unwrap_or(element.children.len());
    let Some(Node::Text(text)) = end.checked_sub(1).and_then(|last| element.children.get_mut(last)) else { return };
    let trimmed = text.trim_end();
    let Some(open) = trimmed.rfind('{').filter(|_| trimmed.ends_with('}')) else { return };
    let before = trimmed[..open].trim_end_matches(' ');
    let stands_right = if on_its_line { before.len() < open } else { before.ends_with('\n') };
    if !stands_right {
        return;
    }
    let Some(list) = parse(&trimmed[open + 1..trimmed.len() - 1]) else { return };
    let kept = before.trim_end().to_owned();
    *text = kept;
    assign(element, list);
}

/// An inline element takes the list that follows it without a space.
fn take_following(nodes: &mut [Node]) {
    for index in 1..nodes.len() {
        let (before, after) = nodes.split_at_mut(index);
        if let (Some(Node::Element(element)), Some(Node::Text(text))) = (before.last_mut(), after.first_mut())
            && !element.is_block()
            && let Some(end) = text.find('}').filter(|_| text.starts_with('{'))
            && let Some(list) = parse(&text[1..end])
        {
            text.drain(..=end);
            assign(element, list);
        }
    }
}

enum Attribute {
    Class(String),
    Pair(String, String),
}

fn assign(element: &mut Element, list: Vec<Attribute>) {
    for attribute in list {
        match attribute {
            Attribute::Class(class) => {
                let classes =
                    element.attribute("class").map_or_else(|| class.clone(), |known| format!("{known} {class}"));
                element.set("class", classes);
            }
            Attribute::Pair(name, value) => element.set(&name, value),
        }
    }
}

/// What stands between the braces; none if it is not an attribute list.
fn parse(list: &str) -> Option<Vec<Attribute>> {
    let list = list.strip_prefix(':').unwrap_or(list);
    if list.contains('\n') || list.trim().is_empty() {
        return None;
    }
    let mut attributes = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix('=').filter(|_| is_name(name)) {
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote)?,
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            attributes.push(Attribute::Pair(name.to_owned(), value.to_owned()));
            rest = after.trim_start();
            continue;
        }
        attributes.push(match name.split_at_checked(1)? {
            (".", class) if !class.is_empty() => Attribute::Class(class.to_owned()),
            ("#", id) if !id.is_empty() => Attribute::Pair("id".to_owned(), id.to_owned()),
            _ if is_name(name) => Attribute::Pair(name.to_owned(), name.to_owned()),
            _ => return None,
        });
        rest = after.trim_start();
    }
    Some(attributes)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':'))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.'))
}
