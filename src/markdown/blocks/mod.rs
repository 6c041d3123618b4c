//! From a source to blocks, by the rules of Python-Markdown.
//!
//! CommonMark has other rules: for where a list begins and ends, which of its
//! items are paragraphs, how far its content is indented, and what interrupts a
//! paragraph. No rewriting of the source makes a CommonMark parser follow these,
//! so blocks are read here; what stands in a line is left as [`Node::Source`]
//! and read by `inlines`.
//!
//! The source is cut at blank lines. Each piece is looked at by one rule after
//! the other, in a fixed order, and the first that knows it consumes it, or a
//! part of it.

mod definitions;
pub(super) mod fences;
pub(super) mod html;
mod lines;
mod list_items;
mod lists;
mod queue;
mod tables;
pub(super) mod tasks;

pub(super) use definitions::Definitions;

use super::source::{Content, MarkdownInHtml, Mode, Piece, Stash};
use super::tree::{Element, Node};
use lines::{TAB, dedent, find_line, heading, indented, is_rule, quoted, underlined};
use queue::{Block, Queue};

/// How deep blocks nest; what is deeper is a paragraph.
const MAX_DEPTH: usize = 40;

/// Reads a normalised source of which `stash` has been taken out.
pub(super) fn parse(source: &str, stash: &Stash) -> (Element, Definitions) {
    let mut parser = BlockParser { stash, definitions: Definitions::default(), states: Vec::new(), depth: 0 };
    let mut document = Element::new("div", Vec::new());
    parser.text(&mut document, source);
    parser.footnotes();
    trim_code(&mut document);
    parser.definitions.for_each_footnote(trim_code);
    (document, parser.definitions)
}

/// What a block is read as a part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// An item of a list without blank lines: its text is no paragraph.
    List,
    /// An item that stands after a blank line.
    LooseList,
    /// A block whose indentation is taken off.
    Detabbed,
    Blockquote,
}

struct BlockParser<'s> {
    stash: &'s Stash,
    definitions: Definitions,
    states: Vec<State>,
    depth: usize,
}

impl BlockParser<'_> {
    fn is(&self, state: State) -> bool {
        self.states.last() == Some(&state)
    }

    /// Runs `work` in a state.
    fn within(&mut self, state: State, work: impl FnOnce(&mut Self)) {
        self.states.push(state);
        work(self);
        self.states.pop();
    }

    /// Reads a text of several blocks into `parent`.
    fn text(&mut self, parent: &mut Element, text: &str) {
        self.blocks(parent, text.split("\n\n").map(Block::new).collect());
    }

    /// Reads one block into `parent`.
    fn block(&mut self, parent: &mut Element, text: &str) {
        self.blocks(parent, Queue::from([Block::new(text)]));
    }

    fn blocks(&mut self, parent: &mut Element, mut queue: Queue) {
        self.depth += 1;
        while let Some(block) = queue.pop_front() {
            if self.depth > MAX_DEPTH {
                self.paragraph(parent, block.text);
            } else {
                self.one(parent, block, &mut queue);
            }
        }
        self.depth -= 1;
    }

    /// Consumes a block, or a part of it and puts the rest back into the queue.
    fn one<'t>(&mut self, parent: &mut Element, mut block: Block<'t>, queue: &mut Queue<'t>) {
        let text = block.text;
        if text.is_empty() || text.starts_with('\n') {
            return empty(parent, block, queue);
        }
        if let Some(piece) = self.stash.piece(text) {
            let node = self.piece(piece);
            return parent.children.push(node);
        }
        if text.starts_with(TAB) {
            if list_items::continues(parent) && !self.is(State::Detabbed) {
                return self.continue_list(parent, text);
            }
            return code(parent, block, queue);
        }
        if let Some(table) = tables::read(text) {
            return parent.children.push(Node::Element(table));
        }
        if !block.no_heading {
            if let Some(heading) = find_line(text, heading) {
                return self.heading(parent, block, heading, queue);
            }
            block.no_heading = true;
        }
        if let Some((level, title, rest)) = underlined(text) {
            parent.children.push(Node::unparsed(&format!("h{level}"), title.trim()));
            if let Some(rest) = rest {
                queue.push_front(block.part(rest));
            }
            return;
        }
        if !block.no_rule {
            if let Some((at, ..)) = find_line(text, |line| is_rule(line).then_some(())) {
                return self.rule(parent, block, at, queue);
            }
            block.no_rule = true;
        }
        if let Some(kind) = list_items::begins(text) {
            return self.list(parent, kind, text);
        }
        if !block.no_quote {
            if let Some((at, ..)) = find_line(text, quoted) {
                return self.quote(parent, text, at);
            }
            block.no_quote = true;
        }
        if let Some(rest) = self.definitions.take(block, self.depth, queue) {
            return rest.into_iter().rev().for_each(|rest| queue.push_front(rest));
        }
        self.paragraph(parent, text);
    }

    /// Parses what the footnotes say.
    fn footnotes(&mut self) {
        // A footnote may hold the definition of another, which is as deep as if it stood there.
        let mut parsed = 0;
        while let Some((text, depth)) = self.definitions.take_footnote_text(parsed) {
            self.depth = depth;
            let mut content = Element::new("li", Vec::new());
            self.text(&mut content, &text);
            self.definitions.set_footnote(parsed, content);
            parsed += 1;
        }
    }

    /// `# Title`, in any line.
    fn heading<'t>(
        &mut self,
        parent: &mut Element,
        block: Block<'t>,
        (at, end, (level, title)): (usize, usize, (usize, &str)),
        queue: &mut Queue<'t>,
    ) {
        if at > 0 {
            self.blocks(parent, Queue::from([Block { no_heading: true, ..block.part(&block.text[..at - 1]) }]));
        }
        parent.children.push(Node::unparsed(&format!("h{level}"), title.trim()));
        let after = &block.text[end..];
        if after.is_empty() {
        } else if self.is(State::LooseList) && after.contains(TAB) {
            self.block(parent, &dedent(after, 1));
        } else {
            queue.push_front(block.part(after));
        }
    }

    fn rule<'t>(&mut self, parent: &mut Element, block: Block<'t>, at: usize, queue: &mut Queue<'t>) {
        let before = block.text[..at].trim_end_matches('\n');
        if !before.is_empty() {
            self.blocks(parent, Queue::from([Block { no_rule: true, ..block.part(before) }]));
        }
        parent.children.push(Node::Element(Element::new("hr", Vec::new())));
        let rest = &block.text[at..];
        let rest = rest[rest.find('\n').unwrap_or(rest.len())..].trim_start_matches('\n');
        if !rest.is_empty() {
            queue.push_front(block.part(rest));
        }
    }

    /// `> text`, from any line on.
    fn quote(&mut self, parent: &mut Element, text: &str, at: usize) {
        if at > 0 {
            self.block(parent, &text[..at - 1]);
        }
        let unmarked: Vec<&str> = text[at..].split('\n').map(|line| quoted(line).unwrap_or(line)).collect();
        let unmarked = unmarked.join("\n");
        let open = matches!(parent.last_element(), Some(last) if last.name == "blockquote");
        if !open {
            parent.children.push(Node::Element(Element::new("blockquote", Vec::new())));
        }
        if let Some(quote) = parent.last_element_mut() {
            self.within(State::Blockquote, |parser| parser.text(quote, &unmarked));
        }
    }

    fn paragraph(&mut self, parent: &mut Element, text: &str) {
        if text.trim().is_empty() {
        } else if !self.is(State::List) {
            parent.children.push(Node::unparsed("p", text.trim_start()));
        } else if let Some(Node::Source(before)) = parent.children.last_mut() {
            before.push('\n');
            before.push_str(text);
        } else if parent.children.is_empty() {
            parent.children.push(Node::Source(text.trim_start().to_owned()));
        } else {
            parent.children.push(Node::Source(format!("\n{text}")));
        }
    }

    /// What was taken out of the source, as it comes back.
    fn piece(&mut self, piece: &Piece) -> Node {
        match piece {
            Piece::Html(html) => Node::Raw(format!("{}\n", self.stash.restore(html).trim_end_matches('\n'))),
            Piece::MarkdownInHtml(container) => Node::Element(self.container(container)),
        }
    }

    /// An HTML element with Markdown inside.
    fn container(&mut self, container: &MarkdownInHtml) -> Element {
        let mut element = Element::new(&container.name, Vec::new());
        element.attributes.clone_from(&container.attributes);
        for content in &container.content {
            match content {
                Content::MarkdownInHtml(inner) => {
                    let inner = self.container(inner);
                    element.children.push(Node::Element(inner));
                }
                Content::Text(text) => match container.mode {
                    Mode::Blocks => self.text(&mut element, text.trim_end_matches('\n')),
                    Mode::Span => element.children.push(Node::Source(text.clone())),
                    Mode::Off => element.children.push(Node::Raw(self.stash.restore(text))),
                },
            }
        }
        element
    }
}

/// A blank line, or the beginning of one: code before it goes on after it.
fn empty<'t>(parent: &mut Element, block: Block<'t>, queue: &mut Queue<'t>) {
    let filler = if block.text.is_empty() { "\n\n" } else { "\n" };
    if block.text.len() > 1 {
        queue.push_front(block.part(&block.text[1..]));
    }
    if let Some(code) = open_code(parent) {
        code.push_str(filler);
    }
}

/// The text of the code that ends `parent`.
fn open_code(parent: &mut Element) -> Option<&mut String> {
    open_code_of(parent.last_element_mut()?)
}

/// The text of the code that `pre` is.
fn open_code_of(pre: &mut Element) -> Option<&mut String> {
    match pre.children.as_mut_slice() {
        [Node::Element(code)] if pre.name == "pre" && code.name == "code" => match code.children.first_mut() {
            Some(Node::Text(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Indented code.
fn code<'t>(parent: &mut Element, block: Block<'t>, queue: &mut Queue<'t>) {
    let (text, rest) = indented(block.text);
    let text = text.trim_end();
    if let Some(code) = open_code(parent) {
        code.push('\n');
        code.push_str(text);
        code.push('\n');
    } else {
        let code = Element::new("code", vec![Node::Text(format!("{text}\n"))]);
        parent.children.push(Node::Element(Element::new("pre", vec![Node::Element(code)])));
    }
    if !rest.is_empty() {
        queue.push_front(block.part(rest));
    }
}

/// Takes the blank lines off the ends of code: whether one goes on is known only
/// by what follows.
fn trim_code(element: &mut Element) {
    if let Some(code) = open_code_of(element) {
        code.truncate(code.trim_end().len());
        code.push('\n');
        return;
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            trim_code(child);
        }
    }
}
