//! From Markdown to a tree of elements, on comrak's parser.

use comrak::nodes::{AstNode, ListType, NodeValue, TableAlignment};
use comrak::{Arena, Options};

use super::blocks::{self, Extracted};
use super::tree::{Element, Node, push_text};

/// How deep elements nest before what is inside is kept as plain text. Browsers
/// stop at 512; nobody writes 100.
const MAX_DEPTH: usize = 100;

/// Reads a text.
pub(super) fn parse(source: &str) -> Vec<Node> {
    parse_at(source, 0)
}

/// Reads a text that stands `depth` elements deep.
pub(super) fn parse_at(source: &str, depth: usize) -> Vec<Node> {
    let extracted = blocks::extract(source, depth);
    let mut options = Options::default();
    options.extension.table = true;
    let arena = Arena::new();
    let document = comrak::parse_document(&arena, &extracted.source, &options);
    Builder { extracted: &extracted }.children(document, depth)
}

/// Reads a text that is one paragraph or heading, without the paragraph.
pub(super) fn parse_inline(source: &str, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    for node in parse_at(source, depth) {
        match node {
            Node::Element(element) if element.name == "p" => nodes.extend(element.children),
            other => nodes.push(other),
        }
    }
    nodes
}

struct Builder<'e> {
    extracted: &'e Extracted,
}

impl Builder<'_> {
    fn children<'a>(&self, node: &'a AstNode<'a>, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        for child in node.children() {
            self.add(&mut nodes, child, depth);
        }
        nodes
    }

    fn add<'a>(&self, nodes: &mut Vec<Node>, node: &'a AstNode<'a>, depth: usize) {
        if depth > MAX_DEPTH {
            push_text(nodes, &plain_text(node));
            return;
        }
        let inside = || self.children(node, depth + 1);
        let mut element = |name: &str, children| nodes.push(Node::Element(Element::new(name, children)));
        match &node.data().value {
            NodeValue::Text(text) => push_text(nodes, text),
            NodeValue::SoftBreak => push_text(nodes, "\n"),
            NodeValue::LineBreak => {
                element("br", Vec::new());
                push_text(nodes, "\n");
            }
            NodeValue::HtmlInline(raw) => nodes.push(Node::Raw(raw.clone())),
            NodeValue::HtmlBlock(block) => match self.extracted.block(&block.literal) {
                Some(extracted) => nodes.push(Node::Element(extracted.clone())),
                None => nodes.push(Node::Raw(block.literal.clone())),
            },
            NodeValue::Code(code) => element("code", vec![Node::Text(code.literal.clone())]),
            NodeValue::CodeBlock(block) => element("pre", vec![code_block(&block.info, &block.literal)]),
            NodeValue::Paragraph if is_tight(node) => nodes.extend(inside()),
            NodeValue::Paragraph => element("p", inside()),
            NodeValue::Heading(heading) => element(&format!("h{}", heading.level), inside()),
            NodeValue::BlockQuote => element("blockquote", inside()),
            NodeValue::ThematicBreak => element("hr", Vec::new()),
            NodeValue::Emph => element("em", inside()),
            NodeValue::Strong => element("strong", inside()),
            NodeValue::Item(_) => element("li", inside()),
            NodeValue::List(list) => element(if list.list_type == ListType::Ordered { "ol" } else { "ul" }, inside()),
            NodeValue::Link(link) => {
                let anchor = Element::new("a", inside()).with("href", &link.url);
                nodes.push(Node::Element(titled(anchor, &link.title)));
            }
            NodeValue::Image(image) => {
                let picture = Element::new("img", Vec::new()).with("alt", plain_text(node)).with("src", &image.url);
                nodes.push(Node::Element(titled(picture, &image.title)));
            }
            NodeValue::Table(table) => nodes.push(self.table(node, &table.alignments, depth)),
            // Nothing else is made with the options above; what a later version
            // of the parser may add keeps its content.
            _ => nodes.extend(inside()),
        }
    }

    fn table<'a>(&self, table: &'a AstNode<'a>, alignments: &[TableAlignment], depth: usize) -> Node {
        let (mut head, mut body) = (Vec::new(), Vec::new());
        for row in table.children() {
            let header = matches!(row.data().value, NodeValue::TableRow(true));
            let cells = row.children().zip(alignments).map(|(cell, alignment)| {
                let cell = Element::new(if header { "th" } else { "td" }, self.children(cell, depth + 3));
                Node::Element(match alignment {
                    TableAlignment::None => cell,
                    TableAlignment::Left => cell.with("style", "text-align: left;"),
                    TableAlignment::Center => cell.with("style", "text-align: center;"),
                    TableAlignment::Right => cell.with("style", "text-align: right;"),
                })
            });
            let row = Node::Element(Element::new("tr", cells.collect()));
            if header { head.push(row) } else { body.push(row) }
        }
        let parts = vec![Node::Element(Element::new("thead", head)), Node::Element(Element::new("tbody", body))];
        Node::Element(Element::new("table", parts))
    }
}

fn titled(element: Element, title: &str) -> Element {
    if title.is_empty() { element } else { element.with("title", title) }
}

fn code_block(info: &str, text: &str) -> Node {
    let code = Element::new("code", vec![Node::Text(text.to_owned())]);
    Node::Element(match info.split_whitespace().next() {
        Some(language) => code.with("class", format!("language-{language}")),
        None => code,
    })
}

/// Whether a paragraph stands in a list without blank lines between its items.
fn is_tight<'a>(paragraph: &'a AstNode<'a>) -> bool {
    let Some(item) = paragraph.parent() else { return false };
    let Some(list) = item.parent() else { return false };
    match &list.data().value {
        NodeValue::List(list) => list.tight,
        _ => false,
    }
}

/// The text below a node, without recursion: it is also what is left of a node
/// that is nested too deep to recurse into.
fn plain_text<'a>(node: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for node in node.descendants() {
        match &node.data().value {
            NodeValue::Text(piece) => text.push_str(piece),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(block) => text.push_str(&block.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push('\n'),
            _ => {}
        }
    }
    text
}
