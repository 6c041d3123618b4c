//! What stands in a line of text: emphasis, links, images, code. comrak reads it;
//! what Python-Markdown reads another way is put right on comrak's tree.

mod brackets;
pub(super) mod code_spans;
mod emphasis;
mod labels;
mod targets;

use comrak::nodes::{AstNode, NodeValue};
use comrak::options::BrokenLinkReference;
use comrak::{Arena, Options, ResolvedReference};

use super::blocks::Definitions;
use super::footnotes::Footnotes;
use super::source::Stash;
use super::tree::{Element, Node, is_block, push_text};
use targets::ESCAPABLE;

/// In the place of a line's end. To comrak a text is then one line, in which
/// nothing but what this is about can stand, and the character is white space.
const BREAK: char = '\u{c}';

/// Before the label in the address of a link that stands for a footnote. No
/// normalised source has the character.
const FOOTNOTE: &str = "\u{2}footnote:";

/// The characters without which a text is nothing but text.
const SPECIAL: [char; 11] = ['\\', '`', '*', '_', '[', ']', '<', '&', '!', '~', '\u{2}'];

/// How deep elements nest in a line; what is deeper is plain text.
const MAX_DEPTH: usize = 40;

/// Reads every [`Node::Source`] in and below `nodes`.
pub(super) fn parse_all(nodes: &mut Vec<Node>, parser: &mut InlineParser) {
    for node in std::mem::take(nodes) {
        match node {
            Node::Source(text) => nodes.extend(parser.parse(&text)),
            Node::Element(mut element) => {
                parse_all(&mut element.children, parser);
                let block = match element.children.as_slice() {
                    [Node::Raw(html)] if element.name == "p" => is_block_of_html(html),
                    _ => false,
                };
                if block {
                    nodes.append(&mut element.children);
                } else {
                    nodes.push(Node::Element(element));
                }
            }
            other => nodes.push(other),
        }
    }
}

/// Whether a tag or a comment needs no paragraph around it.
fn is_block_of_html(html: &str) -> bool {
    let tag = html.trim_start_matches(['<', '/']);
    let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    tag.starts_with(['!', '?']) || is_block(&name.to_ascii_lowercase())
}

pub(super) struct InlineParser<'s> {
    pub(super) stash: &'s Stash,
    pub(super) definitions: &'s Definitions,
    pub(super) footnotes: &'s mut Footnotes,
}

impl InlineParser<'_> {
    fn parse(&mut self, text: &str) -> Vec<Node> {
        if !text.contains(SPECIAL) && !text.contains("  \n") {
            return vec![Node::Text(text.to_owned())];
        }
        // The break at the start keeps comrak from seeing a block in the text.
        let line = targets::normalise(text);
        let line = labels::join(&line, self.definitions);
        let line = format!("{BREAK}{}", emphasis::mark(&line).replace('\n', BREAK.encode_utf8(&mut [0; 4])));
        let definitions = self.definitions;
        let resolve = move |link: BrokenLinkReference| resolve(definitions, &emphasis::unmark(link.original));
        let mut options = Options::default();
        options.extension.strikethrough = true;
        options.parse.escaped_char_spans = true;
        options.parse.broken_link_callback = Some(std::sync::Arc::new(resolve));
        let arena = Arena::new();
        let document = comrak::parse_document(&arena, &line, &options);
        let Some(paragraph) = document.first_child() else { return Vec::new() };
        let mut nodes = self.children(paragraph, &line, 0);
        // The break that was put before it.
        if let Some(Node::Text(first)) = nodes.first_mut() {
            first.drain(..first.len() - first.trim_start_matches('\n').len());
            if first.is_empty() {
                nodes.remove(0);
            }
        }
        nodes
    }

    fn children<'a>(&mut self, node: &'a AstNode<'a>, line: &str, depth: usize) -> Vec<Node> {
        if depth > MAX_DEPTH {
            return vec![Node::Text(restored(&plain_text(node)))];
        }
        let mut nodes = Vec::new();
        for child in node.children() {
            self.add(&mut nodes, child, line, depth);
        }
        let mut nodes = emphasis::apply(nodes.into_iter().flat_map(|node| self.lines(node)).collect());
        for index in 1..nodes.len() {
            if let [Node::Element(before), Node::Text(text)] = &mut nodes[index - 1..=index]
                && before.name == "br"
                && text.trim().is_empty()
            {
                "\n".clone_into(text);
            }
        }
        nodes
    }

    fn add<'a>(&mut self, nodes: &mut Vec<Node>, node: &'a AstNode<'a>, line: &str, depth: usize) {
        let data = node.data();
        match &data.value {
            NodeValue::Text(text) => push_text(nodes, text),
            NodeValue::Escaped => {
                let escaped = plain_text(node);
                if !escaped.chars().all(|c| ESCAPABLE.contains(c)) {
                    push_text(nodes, "\\");
                }
                push_text(nodes, &escaped);
            }
            NodeValue::HtmlInline(raw) => nodes.push(Node::Raw(restored(raw))),
            NodeValue::Code(code) => {
                let text = restored(&code.literal).trim().to_owned();
                nodes.push(Node::Element(Element::new("code", vec![Node::Text(text)])));
            }
            // Marks in what looked like a tag and is none.
            NodeValue::Emph => nodes.push(self.element("em", node, line, depth)),
            NodeValue::Strong => nodes.push(self.element("strong", node, line, depth)),
            NodeValue::Strikethrough => {
                // One `~` is none: it stands before a number more often.
                if line.get(data.sourcepos.start.column - 1..).is_some_and(|text| text.starts_with("~~")) {
                    nodes.push(self.element("del", node, line, depth));
                } else {
                    push_text(nodes, "~");
                    nodes.extend(self.children(node, line, depth + 1));
                    push_text(nodes, "~");
                }
            }
            NodeValue::Link(target) => {
                if let Some(label) = target.url.strip_prefix(FOOTNOTE) {
                    nodes.push(Node::Element(self.footnotes.reference(label)));
                } else {
                    let mut anchor = self.element("a", node, line, depth);
                    let source = line.get(data.sourcepos.start.column - 1..).unwrap_or_default();
                    if let Node::Element(element) = &mut anchor
                        && let [Node::Text(text)] = element.children.as_mut_slice()
                        && text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
                        && source.starts_with('<')
                    {
                        // Nobody reads the scheme of an address.
                        text.drain(..7);
                    }
                    nodes.push(targeted(anchor, "href", &target.url, &target.title));
                }
            }
            NodeValue::Image(image) => {
                let alt = restored(&plain_text(node));
                let img = Node::Element(Element::new("img", Vec::new()).with("alt", alt));
                nodes.push(targeted(img, "src", &image.url, &image.title));
            }
            // Nothing else stands in a line with the options above; what a later
            // version of the parser may add keeps its content.
            _ => nodes.extend(self.children(node, line, depth + 1)),
        }
    }

    fn element<'a>(&mut self, name: &str, node: &'a AstNode<'a>, line: &str, depth: usize) -> Node {
        Node::Element(Element::new(name, self.children(node, line, depth + 1)))
    }

    /// A text with its breaks back: two spaces before one are a hard one.
    fn lines(&self, node: Node) -> Vec<Node> {
        let Node::Text(text) = node else { return vec![node] };
        let mut nodes = Vec::new();
        for (index, part) in text.split("  \u{c}").enumerate() {
            if index > 0 {
                nodes.push(Node::Element(Element::new("br", Vec::new())));
                push_text(&mut nodes, "\n");
            }
            for node in self.stash.nodes(&part.replace(BREAK, "\n")) {
                match node {
                    Node::Text(text) => push_text(&mut nodes, &text),
                    other => nodes.push(other),
                }
            }
        }
        nodes
    }
}

/// A piece of the line as it was in the text.
fn restored(piece: &str) -> String {
    emphasis::unmark(piece).replace(BREAK, "\n")
}

/// What a label in brackets leads to.
fn resolve(definitions: &Definitions, label: &str) -> Option<ResolvedReference> {
    if let Some(label) = label.strip_prefix('^')
        && definitions.footnote(label).is_some()
    {
        return Some(ResolvedReference { url: format!("{FOOTNOTE}{label}"), title: String::new() });
    }
    let reference = definitions.reference(label)?;
    let title = reference.title.clone().unwrap_or_default();
    if !definitions.may_resolve(reference.url.len() + title.len()) {
        return None;
    }
    Some(ResolvedReference { url: reference.url.clone(), title })
}

fn targeted(node: Node, attribute: &str, url: &str, title: &str) -> Node {
    let Node::Element(element) = node else { return node };
    let element = element.with(attribute, restored(url));
    let title = restored(title).replace('\n', " ");
    Node::Element(if title.is_empty() { element } else { element.with("title", title) })
}

/// The text below a node, without recursion: it is also what is left of a node
/// that is nested too deep to recurse into.
fn plain_text<'a>(node: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for node in node.descendants() {
        match &node.data().value {
            NodeValue::Text(piece) => text.push_str(piece),
            NodeValue::Code(code) => text.push_str(&code.literal),
            _ => {}
        }
    }
    text
}
