//! Emphasis, as Python-Markdown finds it: not by what stands beside a mark, as
//! CommonMark does, but by patterns that are tried in an order at each mark.
//!
//! Before comrak reads a line, its marks are replaced by characters that mean
//! nothing to it ([`mark`]); [`apply`] finds the patterns in the nodes that comrak
//! has made, and whatever is no emphasis becomes what it was ([`unmark`]).

use std::borrow::Cow;

use crate::markdown::tree::{Element, Node, push_text};

/// For `*` and `_`: characters that Unicode leaves to programs' own use, and that
/// no normalised source has.
const STAR: char = '\u{fdd0}';
const LINE: char = '\u{fdd1}';

/// How many marks of a text are looked at. The patterns take time for each mark
/// that no text of a person needs.
const MAX_MARKS: usize = 2_000;

/// A line with its marks replaced, but for those that are escaped and those in
/// tags, which are left to comrak.
pub(super) fn mark(line: &str) -> String {
    let mut marked = String::with_capacity(line.len() + 16);
    let mut marks = 0;
    let mut chars = line.char_indices();
    let mut tag_end = 0;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                marked.push(c);
                marked.extend(chars.next().map(|(_, c)| c));
            }
            '<' if at >= tag_end => {
                marked.push(c);
                tag_end = at + tag(&line[at..]).unwrap_or(0);
            }
            '*' | '_' if at >= tag_end && marks < MAX_MARKS => {
                marks += 1;
                marked.push(if c == '*' { STAR } else { LINE });
            }
            c => marked.push(c),
        }
    }
    marked
}

/// How far a tag or an address in angle brackets is looked for.
const MAX_TAG_BYTES: usize = 2_048;

/// The length of the tag, or the address in angle brackets, that a text begins with.
fn tag(text: &str) -> Option<usize> {
    let text = &text[..text.floor_char_boundary(text.len().min(MAX_TAG_BYTES))];
    let inside = text.strip_prefix('<')?;
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')).then_some(())?;
    let end = inside.find(['<', '>'])?;
    inside[end..].starts_with('>').then_some(end + 2)
}

/// A text with the marks that were replaced in it.
pub(super) fn unmark(text: &str) -> Cow<'_, str> {
    if text.contains([STAR, LINE]) { text.chars().map(plain).collect::<String>().into() } else { text.into() }
}

fn plain(c: char) -> char {
    match c {
        STAR => '*',
        LINE => '_',
        c => c,
    }
}

/// A character of a text, or an element in it.
#[derive(Clone)]
enum Piece {
    Char(char),
    Node(Node),
    /// In the place of what an element before it was made of, so that all other
    /// places stay where they are.
    Gone,
}

impl Piece {
    fn is(&self, mark: char) -> bool {
        matches!(self, Self::Char(c) if *c == mark)
    }

    fn is_word(&self) -> bool {
        matches!(self, Self::Char(c) if c.is_alphanumeric() || matches!(*c, LINE | '_'))
    }

    fn is_space(&self) -> bool {
        matches!(self, Self::Char(c) if c.is_whitespace())
    }
}

/// The nodes of a line with its emphasis found.
pub(super) fn apply(nodes: Vec<Node>) -> Vec<Node> {
    if !nodes.iter().any(|node| matches!(node, Node::Text(text) if text.contains([STAR, LINE]))) {
        return nodes;
    }
    let mut pieces = Vec::new();
    for node in nodes {
        match node {
            Node::Text(text) => pieces.extend(text.chars().map(Piece::Char)),
            other => pieces.push(Piece::Node(other)),
        }
    }
    keep_lone(&mut pieces);
    nodes_of(underscores(asterisks(pieces)))
}

/// Makes plain the marks, three at most, that stand between spaces.
fn keep_lone(pieces: &mut [Piece]) {
    for mark in [STAR, LINE] {
        let mut at = 0;
        while at < pieces.len() {
            let run = run(pieces, at, mark);
            let alone = (at == 0 || pieces[at - 1].is_space()) && pieces.get(at + run).is_none_or(Piece::is_space);
            if (1..=3).contains(&run) && alone {
                pieces[at..at + run].fill(Piece::Char(plain(mark)));
            }
            at += run.max(1);
        }
    }
}

/// How many of `mark` stand at a place.
fn run(pieces: &[Piece], at: usize, mark: char) -> usize {
    pieces[at.min(pieces.len())..].iter().take_while(|piece| piece.is(mark)).count()
}

fn nodes_of(pieces: Vec<Piece>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut buffer = [0; 4];
    for piece in pieces {
        match piece {
            Piece::Char(c) => push_text(&mut nodes, plain(c).encode_utf8(&mut buffer)),
            Piece::Node(node) => nodes.push(node),
            Piece::Gone => {}
        }
    }
    nodes
}

/// A place where a pattern holds: the elements that it makes, the texts in them,
/// and where what follows begins.
struct Match {
    shape: Shape,
    first: std::ops::Range<usize>,
    second: std::ops::Range<usize>,
    end: usize,
}

#[derive(Clone, Copy)]
enum Shape {
    /// One element around the first text.
    Single(&'static str),
    /// The second element around the first text, and after it the second text,
    /// all in the first element.
    Double(&'static str, &'static str),
    /// The first element around the first text and, after it, the second element
    /// around the second.
    Nested(&'static str, &'static str),
}

/// The patterns for a kind of mark, in the order in which they are tried.
type Patterns = [fn(&[Piece], &Places, usize) -> Option<Match>; 5];

const STARS: Patterns = [
    |text, places, at| opening_triple(text, places, at, STAR),
    |text, places, at| closing_triple(text, places, at, STAR),
    |text, places, at| {
        // **a *b***
        let q = places.single(at + 2)?;
        let opens = run(text, at, STAR) == 2 && q > at + 2 && run(text, q, STAR) == 1;
        let r = opens.then(|| places.triple(q + 2)).flatten()?;
        Some(Match { shape: Shape::Nested("strong", "em"), first: at + 2..q, second: q + 1..r, end: r + 3 })
    },
    |text, places, at| {
        // **a**
        let q = (run(text, at, STAR) >= 2).then(|| places.double(at + 3)).flatten()?;
        Some(single("strong", at + 2..q, q + 2))
    },
    |text, places, at| {
        // *a*
        let q = places.single(at + 1).filter(|q| *q > at + 1 && text[at].is(STAR))?;
        Some(single("em", at + 1..q, q + 1))
    },
];

const LINES: Patterns = [
    |text, places, at| opening_triple(text, places, at, LINE),
    |text, places, at| closing_triple(text, places, at, LINE),
    |text, places, at| {
        // __a _b___
        let opens = run(text, at, LINE) == 2 && starts_word(text, at);
        let mut q = opens.then_some(at + 3)?;
        loop {
            q = places.single(q)?;
            if run(text, q, LINE) == 1 && starts_word(text, q) {
                break;
            }
            q += 1;
        }
        let r = places.triple(q + 2).filter(|r| ends_word(text, r + 3))?;
        Some(Match { shape: Shape::Nested("strong", "em"), first: at + 2..q, second: q + 1..r, end: r + 3 })
    },
    |text, places, at| {
        // __a__
        let opens = run(text, at, LINE) == 2 && starts_word(text, at);
        let q = opens.then(|| places.closing(2, at + 3)).flatten()?;
        Some(single("strong", at + 2..q, q + 2))
    },
    |text, places, at| {
        // _a_
        let opens = run(text, at, LINE) == 1 && starts_word(text, at);
        let q = opens.then(|| places.closing(1, at + 2)).flatten()?;
        Some(single("em", at + 1..q, q + 1))
    },
];

/// `***a*b**`, and so `***a***` too.
fn opening_triple(text: &[Piece], places: &Places, at: usize, mark: char) -> Option<Match> {
    let q = (run(text, at, mark) >= 3).then(|| places.single(at + 4)).flatten()?;
    let r = places.double(q + 1)?;
    Some(Match { shape: Shape::Double("strong", "em"), first: at + 3..q, second: q + 1..r, end: r + 2 })
}

/// `***a**b*`
fn closing_triple(text: &[Piece], places: &Places, at: usize, mark: char) -> Option<Match> {
    let q = (run(text, at, mark) >= 3).then(|| places.double(at + 4)).flatten()?;
    let r = places.single(q + 2)?;
    Some(Match { shape: Shape::Double("em", "strong"), first: at + 3..q, second: q + 2..r, end: r + 1 })
}

fn single(name: &'static str, text: std::ops::Range<usize>, end: usize) -> Match {
    Match { shape: Shape::Single(name), second: text.end..text.end, first: text, end }
}

fn starts_word(text: &[Piece], at: usize) -> bool {
    at == 0 || !text[at - 1].is_word()
}

fn ends_word(text: &[Piece], at: usize) -> bool {
    text.get(at).is_none_or(|piece| !piece.is_word())
}

/// Where marks stand in a text, to be looked up from any place on.
struct Places {
    singles: Vec<usize>,
    doubles: Vec<usize>,
    triples: Vec<usize>,
    /// Where one and two marks end a word.
    closings: [Vec<usize>; 2],
}

impl Places {
    fn of(text: &[Piece], mark: char) -> Self {
        let singles: Vec<usize> = (0..text.len()).filter(|at| text[*at].is(mark)).collect();
        let of = |length: usize| {
            let fits = |at: &usize| (1..length).all(|step| text.get(at + step).is_some_and(|piece| piece.is(mark)));
            singles.iter().copied().filter(fits).collect::<Vec<_>>()
        };
        let closings = |length: usize| {
            let closes = |at: &usize| *at > 0 && !text[at - 1].is(mark) && ends_word(text, at + length);
            of(length).into_iter().filter(closes).collect()
        };
        Self { doubles: of(2), triples: of(3), closings: [closings(1), closings(2)], singles }
    }

    /// Forgets the marks between two places.
    fn remove(&mut self, from: usize, to: usize) {
        let [one, two] = &mut self.closings;
        for places in [&mut self.singles, &mut self.doubles, &mut self.triples, one, two] {
            let range = places.partition_point(|place| *place < from)..places.partition_point(|place| *place < to);
            places.drain(range);
        }
    }

    fn single(&self, from: usize) -> Option<usize> {
        first(&self.singles, from)
    }

    fn double(&self, from: usize) -> Option<usize> {
        first(&self.doubles, from)
    }

    fn triple(&self, from: usize) -> Option<usize> {
        first(&self.triples, from)
    }

    fn closing(&self, length: usize, from: usize) -> Option<usize> {
        first(&self.closings[length - 1], from)
    }
}

fn first(places: &[usize], from: usize) -> Option<usize> {
    places.get(places.partition_point(|place| *place < from)).copied()
}

fn asterisks(text: Vec<Piece>) -> Vec<Piece> {
    spans(text, STAR, &STARS, 0)
}

fn underscores(text: Vec<Piece>) -> Vec<Piece> {
    spans(text, LINE, &LINES, 0)
}

/// Replaces every span of a kind of mark by its elements. Inside of one, only the
/// patterns after `from` are tried.
fn spans(mut text: Vec<Piece>, mark: char, patterns: &Patterns, from: usize) -> Vec<Piece> {
    let mut at = 0;
    let mut places = Places::of(&text, mark);
    while let Some(next) = places.single(at) {
        at = next;
        let mut matched = false;
        for (index, pattern) in patterns.iter().enumerate().skip(from) {
            let Some(found) = text.get(at).and_then(|_| pattern(&text, &places, at)) else { continue };
            let element = build(&text, &found, mark, patterns, index);
            text[at..found.end].fill(Piece::Gone);
            text[at] = Piece::Node(element);
            places.remove(at, found.end);
            matched = true;
            if from == 0 {
                // A mark right before may be the beginning of another span now.
                at -= text[..at].iter().rev().take_while(|piece| piece.is(mark)).count();
                break;
            }
            at = found.end;
        }
        if !matched {
            at += 1;
        }
    }
    text
}

fn build(text: &[Piece], found: &Match, mark: char, patterns: &Patterns, index: usize) -> Node {
    let inside = |range: &std::ops::Range<usize>| {
        let pieces = spans(text[range.clone()].to_vec(), mark, patterns, index + 1);
        // What is between asterisks may have underscores.
        nodes_of(if mark == STAR { underscores(pieces) } else { pieces })
    };
    let first = inside(&found.first);
    let element = |name, children| Node::Element(Element::new(name, children));
    match found.shape {
        Shape::Single(name) => element(name, first),
        Shape::Double(outer, inner) => {
            let mut children = vec![element(inner, first)];
            children.extend(inside(&found.second));
            element(outer, children)
        }
        Shape::Nested(outer, inner) => {
            let mut children = first;
            children.push(element(inner, inside(&found.second)));
            element(outer, children)
        }
    }
}
