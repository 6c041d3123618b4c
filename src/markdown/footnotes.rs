//! Footnotes: numbered in the order in which they are first referred to, and
//! listed at the end. The elements are those of Python-Markdown's own extension.

use std::collections::HashMap;

use super::blocks::Definitions;
use super::tree::{Element, Node};

/// The footnotes that were referred to.
#[derive(Default)]
pub(super) struct Footnotes {
    /// Label and number of references, by the number of the footnote less one.
    referred: Vec<(String, usize)>,
    /// The places in it by the labels.
    places: HashMap<String, usize>,
}

impl Footnotes {
    /// The reference that stands for `[^label]`.
    pub(super) fn reference(&mut self, label: &str) -> Element {
        let next = self.referred.len();
        let index = *self.places.entry(label.to_owned()).or_insert(next);
        if index == next {
            self.referred.push((label.to_owned(), 0));
        }
        let count = &mut self.referred[index].1;
        *count += 1;
        let id = reference_id(label, *count);
        let link = Element::new("a", vec![Node::Text((index + 1).to_string())]);
        let link = link.with("class", "footnote-ref").with("href", format!("#fn:{label}"));
        Element::new("sup", vec![Node::Element(link)]).with("id", id)
    }

    /// The list of the footnotes; none if nothing refers to one. `parse` parses what a
    /// footnote says, which may refer to others.
    pub(super) fn list(
        mut self,
        definitions: &Definitions,
        mut parse: impl FnMut(&mut Vec<Node>, &mut Self),
    ) -> Option<Node> {
        let mut items = Vec::new();
        while let Some((label, _)) = self.referred.get(items.len()).cloned() {
            let mut item = definitions.footnote(&label)?.clone().with("id", format!("fn:{label}"));
            parse(&mut item.children, &mut self);
            items.push(item);
        }
        if items.is_empty() {
            return None;
        }
        for (index, (item, (label, references))) in items.iter_mut().zip(&self.referred).enumerate() {
            for reference in 1..=*references {
                link_back(item, index + 1, &reference_id(label, reference));
            }
        }
        let items = items.into_iter().map(Node::Element).collect();
        let rule = Node::Element(Element::new("hr", Vec::new()));
        let list = Node::Element(Element::new("ol", items));
        Some(Node::Element(Element::new("div", vec![rule, list]).with("class", "footnote")))
    }
}

fn reference_id(label: &str, count: usize) -> String {
    if count == 1 { format!("fnref:{label}") } else { format!("fnref{count}:{label}") }
}

/// Puts a link to a reference at the end of a footnote.
fn link_back(footnote: &mut Element, number: usize, id: &str) {
    let link = Element::new("a", vec![Node::Text("↩".to_owned())])
        .with("class", "footnote-backref")
        .with("href", format!("#{id}"))
        .with("title", format!("Jump back to footnote {number} in the text"));
    let ends_in_paragraph = matches!(footnote.children.last(), Some(Node::Element(last)) if last.name == "p");
    if !ends_in_paragraph {
        footnote.children.push(Node::Element(Element::new("p", Vec::new())));
    }
    if let Some(paragraph) = footnote.last_element_mut() {
        paragraph.children.push(Node::Text("\u{a0}".to_owned()));
        paragraph.children.push(Node::Element(link));
    }
}
