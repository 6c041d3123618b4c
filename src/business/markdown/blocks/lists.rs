//! Lists, and what belongs to their items.

use super::super::tree::{Element, Node};
use super::{Reader, State, TAB};

/// Whether an indented block belongs to a list in `parent`, or to an item that
/// `parent` is.
pub(super) fn continues(parent: &Element) -> bool {
    parent.name == "li" || parent.last_element().is_some_and(Element::is_list)
}

/// `ul` or `ol`, when the first line of a block is the item of a list.
pub(super) fn begins(text: &str) -> Option<&'static str> {
    let (ordered, _) = item(text.split('\n').next()?)?;
    Some(if ordered { "ol" } else { "ul" })
}

/// Whether the item that a line begins is numbered, and its text.
fn item(line: &str) -> Option<(bool, &str)> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return None;
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = match text.as_bytes().get(digits)? {
        b'.' if digits > 0 => &text[digits + 1..],
        b'*' | b'+' | b'-' if digits == 0 => &text[1..],
        _ => return None,
    };
    after.starts_with(' ').then(|| (digits > 0, after.trim_start_matches(' ')))
}

/// The items of a block. Those that begin with [`TAB`] belong into the one before.
fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if let Some((_, text)) = item(line) {
            items.push(text.to_owned());
            continue;
        }
        let nested = line.strip_prefix(TAB).is_some_and(|line| item(line).is_some());
        match items.last_mut() {
            Some(last) if !nested || last.starts_with(TAB) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => items.push(line.to_owned()),
        }
    }
    items
}

/// `text` with up to `levels` indentations less on each line.
pub(super) fn dedent(text: &str, levels: usize) -> String {
    let prefix = TAB.repeat(levels);
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_prefix(prefix.as_str()).unwrap_or(line)).collect();
    lines.join("\n")
}

/// The indented lines that `text` begins with, one indentation less, and what
/// follows them.
pub(super) fn indented(text: &str) -> (String, &str) {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.strip_prefix(TAB) {
            Some(line) => lines.push(line),
            None if line.trim().is_empty() => lines.push(""),
            None => break,
        }
        rest = after;
    }
    (lines.join("\n"), rest)
}

/// Makes a paragraph of the text of an item that has become loose.
fn loosen(item: &mut Element) {
    if let Some(first @ Node::Source(_)) = item.children.first_mut() {
        let text = std::mem::replace(first, Node::Text(String::new()));
        *first = Node::Element(Element::new("p", vec![text]));
    }
}

/// Makes a paragraph of the text that stands after everything else in an item.
fn loosen_end(item: &mut Element) {
    if item.children.len() > 1
        && let Some(last @ Node::Source(_)) = item.children.last_mut()
        && let Node::Source(text) = &*last
    {
        let text = Node::Source(text.trim_start().to_owned());
        *last = Node::Element(Element::new("p", vec![text]));
    }
}

impl Reader<'_> {
    /// A block of items: a new list, or more of the one before it.
    pub(super) fn list(&mut self, parent: &mut Element, kind: &str, text: &str) {
        let mut items = items(text).into_iter();
        if parent.last_element().is_some_and(Element::is_list) {
            let Some(list) = parent.last_element_mut() else { return };
            if let Some(last) = list.last_element_mut() {
                loosen(last);
                loosen_end(last);
            }
            let mut item = Element::new("li", Vec::new());
            if let Some(text) = items.next() {
                self.within(State::LooseList, |reader| reader.block(&mut item, &text));
            }
            list.children.push(Node::Element(item));
            self.items(list, items);
        } else if parent.is_list() {
            self.items(parent, items);
        } else {
            let mut list = Element::new(kind, Vec::new());
            self.items(&mut list, items);
            parent.children.push(Node::Element(list));
        }
    }

    fn items(&mut self, list: &mut Element, items: impl Iterator<Item = String>) {
        for item in items {
            self.within(State::List, |reader| {
                if item.starts_with(TAB)
                    && let Some(last) = list.last_element_mut()
                {
                    reader.block(last, &item);
                } else {
                    reader.item(list, &item);
                }
            });
        }
    }

    fn item(&mut self, list: &mut Element, text: &str) {
        let mut item = Element::new("li", Vec::new());
        self.block(&mut item, text);
        list.children.push(Node::Element(item));
    }

    /// An indented block that belongs to a list in `parent`, or to the item that
    /// `parent` is.
    pub(super) fn continue_list(&mut self, parent: &mut Element, text: &str) {
        let spaces = text.len() - text.trim_start_matches(' ').len();
        let (level, steps) = level(parent, spaces / TAB.len(), usize::from(self.is(State::List)));
        let text = dedent(text, level);
        self.within(State::Detabbed, |reader| {
            if parent.name == "li" {
                let list = parent.last_element().is_some_and(Element::is_list);
                let target = if list { parent.last_element_mut() } else { None };
                return match target {
                    Some(list) => reader.block(list, &text),
                    None => reader.block(parent, &text),
                };
            }
            let target = descend(parent, steps);
            if target.name == "li" {
                return reader.block(target, &text);
            }
            match target.last_element_mut().filter(|last| last.name == "li") {
                Some(last) => {
                    loosen(last);
                    reader.text(last, &text);
                }
                None => reader.item(target, &text),
            }
        });
    }
}

/// How many levels of the lists that end `parent` an indentation reaches into,
/// counted from `start`, and how many elements down that is.
fn level(parent: &Element, indentation: usize, start: usize) -> (usize, usize) {
    let (mut level, mut steps) = (start, 0);
    let mut element = parent;
    while indentation > level {
        let Some(last) = element.last_element().filter(|last| last.is_list() || last.name == "li") else { break };
        level += usize::from(last.is_list());
        steps += 1;
        element = last;
    }
    (level, steps)
}

/// The element `steps` down the last children of `element`.
fn descend(element: &mut Element, steps: usize) -> &mut Element {
    (0..steps).fold(element, |element, _| element.last_element_mut().expect("counted by `level`"))
}
