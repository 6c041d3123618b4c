//! The elements of a rendered text, before they are written as HTML.

/// The elements that stand on lines of their own, as Python-Markdown has them.
const BLOCKS: [&str; 56] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "canvas",
    "colgroup",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "group",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "iframe",
    "legend",
    "li",
    "main",
    "map",
    "math",
    "menu",
    "nav",
    "noscript",
    "object",
    "ol",
    "option",
    "output",
    "p",
    "pre",
    "progress",
    "script",
    "section",
    "style",
    "summary",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "video",
];

/// Whether the element `name` stands on lines of its own.
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.binary_search(&name).is_ok()
}

/// A piece of a rendered text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Text, not yet escaped.
    Text(String),
    /// HTML that the author wrote, as it stands.
    Raw(String),
    /// Markdown within a paragraph, not read yet.
    Source(String),
    Element(Element),
}

impl Node {
    /// An element whose text is not parsed yet.
    pub(super) fn unparsed(name: &str, text: &str) -> Self {
        let text = Some(text).filter(|text| !text.is_empty()).map(|text| Self::Source(text.to_owned()));
        Self::Element(Element::new(name, text.into_iter().collect()))
    }
}

/// An element with its attributes in the order they are written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

impl Element {
    pub(super) fn new(name: &str, children: Vec<Node>) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children }
    }

    pub(super) fn with(mut self, attribute: &str, value: impl Into<String>) -> Self {
        self.attributes.push((attribute.to_owned(), value.into()));
        self
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: String) {
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
    }

    /// Removes an attribute; returns its value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.attributes.iter().position(|(known, _)| known == name)?;
        Some(self.attributes.remove(index).1)
    }

    /// Its level, for `h1` to `h6`.
    pub(super) fn heading_level(&self) -> Option<u8> {
        match self.name.as_bytes() {
            [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
            _ => None,
        }
    }

    /// What a reader sees of it, without markup.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text
    }

    fn collect_text(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(piece) => text.push_str(piece),
                Node::Raw(_) | Node::Source(_) => {}
                // The number of a footnote is not part of a text.
                Node::Element(element) if element.is_footnote_reference() => {}
                Node::Element(element) => element.collect_text(text),
            }
        }
    }

    fn is_footnote_reference(&self) -> bool {
        self.name == "sup" && self.attribute("id").is_some_and(|id| id.starts_with("fnref"))
    }

    /// Its last child, text aside, if that is an element.
    pub(super) fn last_element(&self) -> Option<&Element> {
        match self.children.iter().rfind(|child| !matches!(child, Node::Source(_) | Node::Text(_)))? {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(super) fn last_element_mut(&mut self) -> Option<&mut Element> {
        match self.children.iter_mut().rfind(|child| !matches!(child, Node::Source(_) | Node::Text(_)))? {
            Node::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.name.as_str(), "ul" | "ol")
    }

    /// Whether it stands on lines of its own.
    pub(super) fn is_block(&self) -> bool {
        is_block(&self.name)
    }

    /// Whether its children stand on lines of their own.
    fn holds_blocks(&self) -> bool {
        self.children.iter().any(|child| matches!(child, Node::Element(element) if element.is_block()))
    }
}

/// Adds text to the end, joined with text that is there.
pub(super) fn push_text(nodes: &mut Vec<Node>, text: &str) {
    match nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => nodes.push(Node::Text(text.to_owned())),
    }
}

/// Writes the nodes, blocks on lines of their own.
pub(super) fn to_html(nodes: &[Node]) -> String {
    let mut html = String::new();
    write_nodes(&mut html, nodes);
    html
}

/// Writes nodes to the end of `html`.
pub(super) fn write_nodes(html: &mut String, nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Text(text) | Node::Source(text) => escape(html, text),
            Node::Raw(raw) => html.push_str(raw),
            Node::Element(element) => write_element(html, element),
        }
    }
}

fn write_element(html: &mut String, element: &Element) {
    let block = element.is_block();
    if block && !html.is_empty() && !html.ends_with('\n') && !html.ends_with("<pre>") {
        html.push('\n');
    }
    html.push('<');
    html.push_str(&element.name);
    for (name, value) in &element.attributes {
        html.push(' ');
        html.push_str(name);
        html.push_str("=\"");
        escape(html, value);
        html.push('"');
    }
    html.push('>');
    if !matches!(element.name.as_str(), "br" | "hr" | "img" | "input") {
        write_nodes(html, &element.children);
        if element.holds_blocks() && !html.ends_with('\n') {
            html.push('\n');
        }
        html.push_str("</");
        html.push_str(&element.name);
        html.push('>');
    }
    if block {
        html.push('\n');
    }
}

/// Appends `text` with the characters that mean something in HTML replaced.
pub(super) fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}
