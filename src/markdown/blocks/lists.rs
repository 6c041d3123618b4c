//! Lists, and what belongs to their items.

use super::lines::{TAB, dedent};
use super::list_items::items;
use super::{BlockParser, State};
use crate::markdown::tree::{Element, Node};

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

impl BlockParser<'_> {
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
                self.within(State::LooseList, |parser| parser.block(&mut item, &text));
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
            self.within(State::List, |parser| {
                if item.starts_with(TAB)
                    && let Some(last) = list.last_element_mut()
                {
                    parser.block(last, &item);
                } else {
                    parser.item(list, &item);
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
        self.within(State::Detabbed, |parser| {
            if parent.name == "li" {
                let list = parent.last_element().is_some_and(Element::is_list);
                let target = if list { parent.last_element_mut() } else { None };
                return match target {
                    Some(list) => parser.block(list, &text),
                    None => parser.block(parent, &text),
                };
            }
            let target = descend(parent, steps);
            if target.name == "li" {
                return parser.block(target, &text);
            }
            match target.last_element_mut().filter(|last| last.name == "li") {
                Some(last) => {
                    loosen(last);
                    parser.text(last, &text);
                }
                None => parser.item(target, &text),
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
