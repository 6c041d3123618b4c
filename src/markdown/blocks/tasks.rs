//! Task lists: `- [ ] to do` and `- [x] done`.

use crate::markdown::tree::{Element, Node};

/// Puts a box in the place of the mark that an item begins with.
pub(in crate::markdown) fn mark(nodes: &mut [Node]) {
    for node in nodes {
        let Node::Element(element) = node else { continue };
        if element.name == "li" {
            begin_with_box(element);
        }
        mark(&mut element.children);
    }
}

/// An item begins with its text, or with the paragraph that has it.
fn begin_with_box(element: &mut Element) {
    match element.children.first_mut() {
        Some(Node::Element(paragraph)) if paragraph.name == "p" => begin_with_box(paragraph),
        Some(Node::Text(text)) => {
            let done = match text.get(..4) {
                Some("[ ] ") => false,
                Some("[x] " | "[X] ") => true,
                _ => return,
            };
            text.drain(..3);
            let mut input = Element::new("input", Vec::new()).with("type", "checkbox").with("disabled", "");
            if done {
                input = input.with("checked", "");
            }
            element.children.insert(0, Node::Element(input));
        }
        _ => {}
    }
}
