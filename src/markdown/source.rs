//! The source before it is read, and what is taken out of it.

use super::tree::Node;

/// Around the number of a piece that was taken out. Neither character can stand
/// in a normalised source, nor in HTML.
const OPEN: char = '\u{2}';
const CLOSE: char = '\u{3}';

/// The source with its lines ending in `\n`, tabs as spaces up to the next
/// multiple of four, lines of white space empty, a blank line at the end, and no
/// control characters.
pub(super) fn normalise(source: &str) -> String {
    let mut normal = String::with_capacity(source.len() + 2);
    for line in source.trim_start_matches('\u{feff}').replace("\r\n", "\n").split(['\n', '\r']) {
        let start = normal.len();
        let mut column = 0;
        for c in line.chars() {
            match c {
                '\t' => {
                    let spaces = 4 - column % 4;
                    normal.push_str(&"    "[..spaces]);
                    column += spaces;
                }
                c if c.is_control() || is_reserved(c) => {}
                c => {
                    normal.push(c);
                    column += 1;
                }
            }
        }
        if normal[start..].bytes().all(|byte| byte == b' ') {
            normal.truncate(start);
        }
        normal.push('\n');
    }
    normal.push('\n');
    normal
}

/// Whether Unicode leaves a character to programs' own use.
fn is_reserved(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}')
}

/// Pieces that are no Markdown, taken out of a source that keeps a mark in the
/// place of each.
#[derive(Default)]
pub(super) struct Stash {
    pieces: Vec<Piece>,
}

/// A piece that was taken out.
#[derive(Clone)]
pub(super) enum Piece {
    /// HTML, to be handed on as it stands.
    Html(String),
    /// An element with Markdown inside.
    MarkdownInHtml(MarkdownInHtml),
}

/// An HTML element with Markdown inside.
#[derive(Clone)]
pub(super) struct MarkdownInHtml {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) mode: Mode,
    pub(super) content: Vec<Content>,
}

/// How the inside of an HTML element is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As blocks.
    Blocks,
    /// As the text of one paragraph.
    Span,
    /// Not as Markdown.
    Off,
}

#[derive(Clone)]
pub(super) enum Content {
    Text(String),
    MarkdownInHtml(MarkdownInHtml),
}

impl Stash {
    /// Keeps a piece; returns the mark for its place.
    pub(super) fn keep(&mut self, piece: Piece) -> String {
        self.pieces.push(piece);
        format!("{OPEN}{}{CLOSE}", self.pieces.len() - 1)
    }

    /// The piece whose mark is all there is in `text`.
    pub(super) fn piece(&self, text: &str) -> Option<&Piece> {
        let number = text.trim().strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
        self.pieces.get(number.parse::<usize>().ok()?)
    }

    /// HTML with the marks in it replaced by what they stand for.
    pub(super) fn restore(&self, html: &str) -> String {
        let mut restored = String::with_capacity(html.len());
        for (text, piece) in self.split(html) {
            restored.push_str(text);
            // An element with Markdown inside is never taken out of HTML.
            if let Some(Piece::Html(html)) = piece {
                restored.push_str(&self.restore(html));
            }
        }
        restored
    }

    /// `text` as nodes: what stands between the marks, and the pieces.
    pub(super) fn nodes(&self, text: &str) -> Vec<Node> {
        let mut nodes = Vec::new();
        for (text, piece) in self.split(text) {
            if !text.is_empty() {
                nodes.push(Node::Text(text.to_owned()));
            }
            if let Some(Piece::Html(html)) = piece {
                nodes.push(Node::Raw(self.restore(html)));
            }
        }
        nodes
    }

    /// The text before each mark with the piece of that mark, and the text after
    /// the last.
    fn split<'s>(&'s self, text: &'s str) -> impl Iterator<Item = (&'s str, Option<&'s Piece>)> {
        let mut rest = Some(text);
        std::iter::from_fn(move || {
            let text = rest?;
            let marked = text.split_once(OPEN).and_then(|(before, mark)| Some((before, mark.split_once(CLOSE)?)));
            let Some((before, (number, after))) = marked else {
                rest = None;
                return Some((text, None));
            };
            rest = Some(after);
            Some((before, number.parse::<usize>().ok().and_then(|number| self.pieces.get(number))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_normalised() {
        assert_eq!(normalise("\u{feff}a\r\nb\rc"), "a\nb\nc\n\n");
        assert_eq!(normalise("\tx\na\tb\nåä\tc\n  \t \nz"), "    x\na   b\nåä  c\n\nz\n\n");
        assert_eq!(normalise("a\u{2}1\u{3}b\u{c}\0"), "a1b\n\n");
    }

    #[test]
    fn pieces_come_back() {
        let mut stash = Stash::default();
        let code = stash.keep(Piece::Html("<pre>".to_owned()));
        let block = stash.keep(Piece::Html(format!("<div>{code}</div>")));
        assert!(matches!(stash.piece(&block), Some(Piece::Html(_))));
        assert!(stash.piece("text").is_none() && stash.piece("\u{2}9\u{3}").is_none());
        assert_eq!(stash.restore(&format!("a{block}b")), "a<div><pre></div>b");
    }
}
