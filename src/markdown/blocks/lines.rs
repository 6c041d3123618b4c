//! What single lines of a source say, and how far they are indented.

/// How far blocks are indented to belong to what stands before them.
pub(super) const TAB: &str = "    ";

/// The first line of `text` that `parse` knows: where it begins, where the one
/// after it does, and what it is.
pub(super) fn find_line<'t, T>(text: &'t str, parse: impl Fn(&'t str) -> Option<T>) -> Option<(usize, usize, T)> {
    let mut at = 0;
    text.split('\n').find_map(|line| {
        let start = at;
        at += line.len() + 1;
        parse(line).map(|parsed| (start, at.min(text.len()), parsed))
    })
}

/// The level and the title of a line that begins with `#`.
pub(super) fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take(6).take_while(|byte| *byte == b'#').count();
    (level > 0).then(|| (level, closed(&line[level..])))
}

/// A title without the marks that may stand after it, unless they are escaped.
fn closed(title: &str) -> &str {
    let bare = title.trim_end_matches('#');
    if bare.ends_with('\\') && bare.len() < title.len() { &title[..=bare.len()] } else { bare }
}

/// A title with `===` or `---` below it: level, title, and what follows.
pub(super) fn underlined(text: &str) -> Option<(u8, &str, Option<&str>)> {
    let (title, below) = text.split_once('\n')?;
    let (line, rest) = below.split_once('\n').map_or((below, None), |(line, rest)| (line, Some(rest)));
    let marks = line.trim_end_matches(' ');
    let is_line = !marks.is_empty() && marks.bytes().all(|byte| matches!(byte, b'=' | b'-'));
    is_line.then(|| (if marks.starts_with('=') { 1 } else { 2 }, title, rest))
}

/// Three or more of one mark, at most two spaces between them.
pub(super) fn is_rule(line: &str) -> bool {
    let text = line.trim_start_matches(' ');
    let Some(mark) = text.chars().next().filter(|c| matches!(c, '-' | '_' | '*')) else { return false };
    line.len() - text.len() < 4
        && text.matches(mark).count() >= 3
        && text.chars().all(|c| c == mark || c == ' ')
        && !text.trim_end_matches(' ').contains("   ")
}

/// What a line quotes.
pub(super) fn quoted(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(' ');
    let quoted = text.strip_prefix('>').filter(|_| line.len() - text.len() < 4)?;
    Some(quoted.strip_prefix(' ').unwrap_or(quoted))
}

/// `text` with up to `levels` indentations less on each line.
pub(super) fn dedent(text: &str, levels: usize) -> String {
    let prefix = TAB.repeat(levels);
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_prefix(prefix.as_str()).unwrap_or(line)).collect();
    lines.join("\n")
}

/// The indented lines that `text` begins with, one indentation less, and what
/// follows them.
pub(super) fn indented(text: &str) -> (String, &str) {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.strip_prefix(TAB) {
            Some(line) => lines.push(line),
            None if line.trim().is_empty() => lines.push(""),
            None => break,
        }
        rest = after;
    }
    (lines.join("\n"), rest)
}
