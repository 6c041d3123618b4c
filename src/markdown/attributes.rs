//! Attribute lists: `{: .class #id key=value }` after what they belong to.

use super::tree::{Element, Node};

/// How many entries a list has at most; what has more is text. An element's attributes are
/// looked through for each that is added.
const MAX_ATTRIBUTES: usize = 100;

/// Moves every attribute list in the tree onto its element.
pub(super) fn apply(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        if let Node::Element(element) = node
            && element.name != "pre"
        {
            apply(&mut element.children);
            if element.is_block() {
                take_own(element);
            }
        }
    }
    take_following(nodes);
}

/// A block takes the list that ends it: a heading or a cell on its line, any
/// other on a line of its own. In an item of a list that is before the list
/// inside.
fn take_own(element: &mut Element) {
    let heading = element.heading_level().is_some();
    let on_its_line = heading || matches!(element.name.as_str(), "th" | "td" | "dt");
    let is_list = |child: &Node| matches!(child, Node::Element(child) if child.is_list());
    let end = match element.children.iter().position(is_list) {
        Some(list) if element.name == "li" => list,
        _ => element.children.len(),
    };
    let Some(Node::Text(text)) = end.checked_sub(1).and_then(|last| element.children.get_mut(last)) else { return };
    let Some((start, list)) = list_at_end(text, on_its_line) else { return };
    text.truncate(start);
    if heading {
        // The marks that may close a heading stand before the list.
        text.truncate(text.trim_end_matches('#').trim_end().len());
    }
    assign(element, list);
}

/// Where the list that ends `text` begins, white space before it included, and
/// what stands in it.
fn list_at_end(text: &str, on_its_line: bool) -> Option<(usize, Vec<Attribute>)> {
    let text = text.trim_end_matches(['\n', ' ']);
    if !text.ends_with('}') {
        return None;
    }
    let line = text.rfind('\n').map_or(0, |end| end + 1);
    let whole = |at: usize| list_at_start(&text[at..]).filter(|(_, after)| after.is_empty()).map(|(list, _)| list);
    if on_its_line {
        let (before, _) = text[line..].match_indices(" {").find(|(before, _)| opens(&text[line + before + 1..]))?;
        let at = line + before;
        return Some((text[..at].trim_end_matches(' ').len(), whole(at + 1)?));
    }
    let at = text.len() - text[line..].trim_start_matches(' ').len();
    let is_alone = line > 0 && opens(&text[at..]);
    if is_alone { Some((line - 1, whole(at)?)) } else { None }
}

/// Whether a text begins with something that could be a list: one in which nothing stands, not even `:`, is none.
fn opens(text: &str) -> bool {
    let Some(list) = text.strip_prefix('{').map(|list| list.trim_start_matches(' ')) else { return false };
    !list.is_empty() && !list.starts_with(['}', '\n'])
}

/// An inline element takes the list that follows it without a space.
fn take_following(nodes: &mut [Node]) {
    for index in 1..nodes.len() {
        let (before, after) = nodes.split_at_mut(index);
        if let (Some(Node::Element(element)), Some(Node::Text(text))) = (before.last_mut(), after.first_mut())
            && !element.is_block()
            && opens(text)
            && let Some((list, after)) = list_at_start(text)
        {
            *text = after.to_owned();
            assign(element, list);
        }
    }
}

/// The list that a text begins with, and what follows it.
fn list_at_start(text: &str) -> Option<(Vec<Attribute>, &str)> {
    let line = &text[..text.find('\n').unwrap_or(text.len())];
    let (list, after) = parse(line.strip_prefix('{')?)?;
    let closed = text.len() - line.len() + after.len();
    Some((list, text[text.len() - closed..].strip_prefix('}')?))
}

/// An entry of an attribute list.
pub(super) enum Attribute {
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

/// What stands after an opening brace, and what is left from the closing one on, if there is one;
/// none if there are unreasonably many.
pub(super) fn parse(list: &str) -> Option<(Vec<Attribute>, &str)> {
    let mut attributes = Vec::new();
    let mut rest = list.strip_prefix(':').unwrap_or(list).trim_start_matches(' ');
    while let Some((attribute, after)) = first(rest) {
        if attributes.len() == MAX_ATTRIBUTES {
            return None;
        }
        attributes.push(attribute);
        rest = after.trim_start_matches(' ');
    }
    // What comes after something that is not an attribute does not count.
    Some((attributes, &rest[rest.find('}').unwrap_or(rest.len())..]))
}

/// The attribute that `list` begins with, and what follows it.
fn first(list: &str) -> Option<(Attribute, &str)> {
    let end = list.find(['=', ' ', '}']).unwrap_or(list.len());
    let (name, after) = list.split_at(end);
    if name.is_empty() {
        return None;
    }
    if let Some(value) = after.strip_prefix('=') {
        let quoted = |quote: char| value.strip_prefix(quote)?.split_once(quote);
        let bare = || {
            Some(value.split_at(value.find([' ', '=', '}']).unwrap_or(value.len())))
                .filter(|(bare, _)| !bare.is_empty())
        };
        if let Some((value, after)) = quoted('"').or_else(|| quoted('\'')).or_else(bare) {
            return Some((Attribute::Pair(sanitised(name), value.to_owned()), after));
        }
    }
    let attribute = match name.split_at(name.chars().next()?.len_utf8()) {
        (".", class) => Attribute::Class(class.to_owned()),
        ("#", id) => Attribute::Pair("id".to_owned(), id.to_owned()),
        _ => Attribute::Pair(sanitised(name), name.to_owned()),
    };
    Some((attribute, after))
}

/// A name with `_` for the characters that none may have.
fn sanitised(name: &str) -> String {
    let mut sanitised = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.') {
            sanitised.push(c);
        } else if !sanitised.ends_with('_') {
            sanitised.push('_');
        }
    }
    sanitised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_unreasonably_many_attributes_is_text() {
        assert_eq!(parse(&".a ".repeat(MAX_ATTRIBUTES)).map(|(list, _)| list.len()), Some(MAX_ATTRIBUTES));
        assert!(parse(&".a ".repeat(MAX_ATTRIBUTES + 1)).is_none());
        let classes = crate::markdown::render(&format!("text {{: {}}}\n", ".a ".repeat(340_000)), "").unwrap();
        assert!(classes.html.contains("{: .a .a"));
        let names: Vec<_> = (0..80_000).map(|name| format!("n{name}=1")).collect();
        assert!(crate::markdown::render(&format!("# title {{: {} }}\n", names.join(" ")), "").is_ok());
    }
}
