//! Tables: rows of cells between `|`, with a row of dashes below the first.

use crate::markdown::inlines::code_spans;
use crate::markdown::tree::{Element, Node};

/// How many cells a table has at most; what has more is text.
const MAX_CELLS: usize = 20_000;

/// The table that a block is, if it is one.
pub(super) fn read(text: &str) -> Option<Element> {
    let mut lines = text.split('\n').map(|line| line.trim_matches(' '));
    let (head, delimiters) = (lines.next()?, lines.next()?);
    if !delimiters.contains('-') && !delimiters.contains('|') {
        return None;
    }
    let bordered = head.starts_with('|') || ends_in_border(head);
    let cells = split(head, bordered);
    let is_column = |line: &str| line.starts_with('|') || ends_in_border(line);
    let tabular =
        cells.len() > 1 || (bordered && text.split('\n').skip(1).all(|line| is_column(line.trim_matches(' '))));
    let delimiters = split(delimiters, bordered);
    let delimits = |cell: &&str| cell.chars().all(|c| matches!(c, '|' | ':' | '-' | ' '));
    if !tabular || delimiters.len() != cells.len() || !delimiters.iter().all(delimits) {
        return None;
    }
    if delimiters.len() * text.split('\n').count() > MAX_CELLS {
        return None;
    }
    let columns: Vec<Option<&str>> = delimiters.into_iter().map(alignment).collect();
    let mut body: Vec<Node> = lines.map(|line| row("td", &split(line, bordered), &columns)).collect();
    if body.is_empty() {
        // The row of no cells that Python-Markdown gives such a table.
        let cells = columns.iter().map(|_| Node::unparsed("td", "")).collect();
        body.push(Node::Element(Element::new("tr", cells)));
    }
    let head = Element::new("thead", vec![row("th", &cells, &columns)]);
    let body = Element::new("tbody", body);
    Some(Element::new("table", vec![Node::Element(head), Node::Element(body)]))
}

fn alignment(delimiter: &str) -> Option<&'static str> {
    let delimiter = delimiter.trim_matches(' ');
    match (delimiter.starts_with(':'), delimiter.ends_with(':')) {
        (true, true) => Some("center"),
        (true, false) => Some("left"),
        (false, true) => Some("right"),
        (false, false) => None,
    }
}

/// A row with a cell for each column, whatever it has itself.
fn row(name: &str, cells: &[&str], columns: &[Option<&str>]) -> Node {
    let cells = columns.iter().enumerate().map(|(index, alignment)| {
        let mut cell = Node::unparsed(name, cells.get(index).map_or("", |cell| cell.trim_matches(' ')));
        if let (Node::Element(cell), Some(alignment)) = (&mut cell, alignment) {
            cell.set("style", format!("text-align: {alignment};"));
        }
        cell
    });
    Node::Element(Element::new("tr", cells.collect()))
}

/// Whether a row ends in a `|` that is not escaped.
fn ends_in_border(row: &str) -> bool {
    row.strip_suffix('|').is_some_and(|before| {
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        backslashes % 2 == 0
    })
}

/// The cells of a row.
fn split(row: &str, bordered: bool) -> Vec<&str> {
    let mut row = row;
    if bordered {
        row = row.strip_prefix('|').unwrap_or(row);
        if ends_in_border(row) {
            row = &row[..row.len() - 1];
        }
    }
    let mut cells = Vec::new();
    let mut from = 0;
    for pipe in pipes(row) {
        cells.push(&row[from..pipe]);
        from = pipe + 1;
    }
    cells.push(&row[from..]);
    cells
}

/// Where the pipes stand in a row that are neither escaped nor in code.
fn pipes(row: &str) -> Vec<usize> {
    let mut pipes = Vec::new();
    let code = code_spans::ranges(row);
    let mut code = code.iter().peekable();
    let mut escaped = false;
    for (at, byte) in row.bytes().enumerate() {
        while code.next_if(|range| range.end <= at).is_some() {}
        if byte == b'|' && !escaped && code.peek().is_none_or(|range| at < range.start) {
            pipes.push(at);
        }
        escaped = byte == b'\\' && !escaped;
    }
    pipes
}
