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
mod lists;
mod tables;

use std::collections::VecDeque;

pub(super) use definitions::Definitions;

use super::source::{Content, Holder, Mode, Piece, Stash};
use super::tree::{Element, Node};

/// How far blocks are indented to belong to what stands before them.
const TAB: &str = "    ";

/// How deep blocks nest; what is deeper is a paragraph.
const MAX_DEPTH: usize = 40;

/// Reads a normalised source of which `stash` has been taken out.
pub(super) fn read(source: &str, stash: &Stash) -> (Element, Definitions) {
    let mut reader = Reader { stash, definitions: Definitions::default(), states: Vec::new(), depth: 0 };
    let mut document = Element::new("div", Vec::new());
    reader.text(&mut document, source);
    reader.footnotes();
    trim_code(&mut document);
    reader.definitions.for_each_footnote(trim_code);
    (document, reader.definitions)
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

/// A piece of the source, and what is known not to be in it: it is looked for
/// once, however often the piece is cut.
#[derive(Clone, Copy, Default)]
struct Block<'t> {
    text: &'t str,
    no_heading: bool,
    no_rule: bool,
    no_quote: bool,
}

impl<'t> Block<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, ..Self::default() }
    }

    /// A part of this one.
    fn part(self, text: &'t str) -> Self {
        Self { text, ..self }
    }
}

type Queue<'t> = VecDeque<Block<'t>>;

struct Reader<'s> {
    stash: &'s Stash,
    definitions: Definitions,
    states: Vec<State>,
    depth: usize,
}

impl Reader<'_> {
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
            if lists::continues(parent) && !self.is(State::Detabbed) {
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
            parent.children.push(source(&format!("h{level}"), title.trim()));
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
        if let Some(kind) = lists::begins(text) {
            return self.list(parent, kind, text);
        }
        if !block.no_quote {
            if let Some((at, ..)) = find_line(text, quoted) {
                return self.quote(parent, text, at);
            }
            block.no_quote = true;
        }
        if let Some(rest) = self.definitions.take(block, queue) {
            return rest.into_iter().rev().for_each(|rest| queue.push_front(rest));
        }
        self.paragraph(parent, text);
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
        parent.children.push(source(&format!("h{level}"), title.trim()));
        let after = &block.text[end..];
        if after.is_empty() {
        } else if self.is(State::LooseList) && after.contains(TAB) {
            self.block(parent, &lists::dedent(after, 1));
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
            self.within(State::Blockquote, |reader| reader.text(quote, &unmarked));
        }
    }

    fn paragraph(&mut self, parent: &mut Element, text: &str) {
        if text.trim().is_empty() {
        } else if !self.is(State::List) {
            parent.children.push(source("p", text.trim_start()));
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
            Piece::Holder(holder) => Node::Element(self.holder(holder)),
        }
    }

    /// An HTML element with Markdown inside.
    fn holder(&mut self, holder: &Holder) -> Element {
        let mut element = Element::new(&holder.name, Vec::new());
        element.attributes.clone_from(&holder.attributes);
        for content in &holder.content {
            match content {
                Content::Holder(inner) => {
                    let inner = self.holder(inner);
                    element.children.push(Node::Element(inner));
                }
                Content::Text(text) => match holder.mode {
                    Mode::Blocks => self.text(&mut element, text.trim_end_matches('\n')),
                    Mode::Span => element.children.push(Node::Source(text.clone())),
                    Mode::Off => element.children.push(Node::Raw(self.stash.restore(text))),
                },
            }
        }
        element
    }
}

/// An element whose text is not read yet.
fn source(name: &str, text: &str) -> Node {
    let text = Some(text).filter(|text| !text.is_empty()).map(|text| Node::Source(text.to_owned()));
    Node::Element(Element::new(name, text.into_iter().collect()))
}

/// The first line of `text` that `parse` knows: where it begins, where the one
/// after it does, and what it is.
fn find_line<'t, T>(text: &'t str, parse: impl Fn(&'t str) -> Option<T>) -> Option<(usize, usize, T)> {
    let mut at = 0;
    text.split('\n').find_map(|line| {
        let start = at;
        at += line.len() + 1;
        parse(line).map(|parsed| (start, at.min(text.len()), parsed))
    })
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
    let (text, rest) = lists::indented(block.text);
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

/// The level and the title of a line that begins with `#`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take(6).take_while(|byte| *byte == b'#').count();
    (level > 0).then(|| (level, closed(&line[level..])))
}

/// A title without the marks that may stand after it, unless they are escaped.
fn closed(title: &str) -> &str {
    let bare = title.trim_end_matches('#');
    if bare.ends_with('\\') && bare.len() < title.len() { &title[..=bare.len()] } else { bare }
}

/// A title with `===` or `---` below it: level, title, and what follows.
fn underlined(text: &str) -> Option<(u8, &str, Option<&str>)> {
    let (title, below) = text.split_once('\n')?;
    let (line, rest) = below.split_once('\n').map_or((below, None), |(line, rest)| (line, Some(rest)));
    let marks = line.trim_end_matches(' ');
    let is_line = !marks.is_empty() && marks.bytes().all(|byte| matches!(byte, b'=' | b'-'));
    is_line.then(|| (if marks.starts_with('=') { 1 } else { 2 }, title, rest))
}

/// Three or more of one mark, at most two spaces between them.
fn is_rule(line: &str) -> bool {
    let text = line.trim_start_matches(' ');
    let Some(mark) = text.chars().next().filter(|c| matches!(c, '-' | '_' | '*')) else { return false };
    line.len() - text.len() < 4
        && text.matches(mark).count() >= 3
        && text.chars().all(|c| c == mark || c == ' ')
        && !text.trim_end_matches(' ').contains("   ")
}

/// What a line quotes.
fn quoted(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(' ');
    let quoted = text.strip_prefix('>').filter(|_| line.len() - text.len() < 4)?;
    Some(quoted.strip_prefix(' ').unwrap_or(quoted))
}
