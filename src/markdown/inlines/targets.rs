//! Where links and images lead, in parentheses after their text. Python-Markdown takes addresses with
//! spaces in them and titles with quotes in them; CommonMark wants angle brackets around the one and
//! backslashes in the other.

use std::borrow::Cow;

use super::brackets::Brackets;

/// The characters that a backslash makes plain. Before any other it is one itself.
pub(super) const ESCAPABLE: &str = "\\`*_{}[]()>#+-.!|";

/// The most bytes between the parentheses.
const MAX_BYTES: usize = 2_048;

/// An address and a title, and where what follows their parenthesis begins.
struct Target<'t> {
    url: &'t str,
    title: Option<&'t str>,
    end: usize,
}

/// An opening bracket.
struct Bracket {
    image: bool,
    /// Whether no link stands in it yet.
    active: bool,
}

/// A text with all targets as CommonMark wants them.
pub(super) fn normalise(text: &str) -> Cow<'_, str> {
    if !text.contains("](") {
        return text.into();
    }
    let mut normal = String::new();
    let mut from = 0;
    let mut open: Vec<Bracket> = Vec::new();
    let mut brackets = Brackets::new(text);
    while let Some((place, bracket)) = brackets.next() {
        if bracket == b'[' {
            open.push(Bracket { image: text[..place].ends_with('!'), active: true });
            continue;
        }
        let Some(bracket) = open.pop().filter(|bracket| bracket.active) else { continue };
        let Some(target) = target(text, place + 1) else { continue };
        if brackets.code_begins_before(target.end) {
            continue;
        }
        if !bracket.image {
            open.iter_mut().filter(|around| !around.image).for_each(|around| around.active = false);
        }
        if target.is_unusual() {
            normal.push_str(&text[from..=place]);
            target.write(&mut normal);
            from = target.end;
        }
        brackets.skip_to(target.end);
    }
    if from == 0 { text.into() } else { (normal + &text[from..]).into() }
}

/// The target whose parenthesis opens at `start`, if there is one.
fn target(text: &str, start: usize) -> Option<Target<'_>> {
    let inside = text[start..].strip_prefix('(')?;
    let first = start + 1;
    let inside = &inside[..inside.floor_char_boundary(inside.len().min(MAX_BYTES))];
    let (mut depth, mut balanced) = (1_usize, None);
    // The quotes of either kind: where the first and the last one are, if there are two.
    let mut quotes: Vec<(u8, usize, Option<usize>)> = Vec::new();
    let mut last = b' ';
    let mut bytes = inside.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if inside[at + 1..].starts_with(|c| ESCAPABLE.contains(c)) => drop(bytes.next()),
            b'(' => depth += 1,
            b')' => {
                let titled = quotes.iter().find(|(quote, _, exit)| *quote == last && exit.is_some());
                if let Some((_, entry, Some(exit))) = titled {
                    let (url, title) = (inside[..*entry].trim(), &inside[entry + 1..*exit]);
                    return Some(Target { url, title: Some(title), end: first + at + 1 });
                }
                depth = depth.saturating_sub(1);
                if depth == 0 && balanced.is_none() {
                    balanced = Some(at);
                    if quotes.is_empty() {
                        break;
                    }
                }
            }
            b'"' | b'\'' => match quotes.iter_mut().find(|(quote, ..)| *quote == byte) {
                Some((_, _, exit)) => *exit = Some(at),
                None => quotes.push((byte, at, None)),
            },
            _ => {}
        }
        if byte != b' ' {
            last = byte;
        }
    }
    let end = balanced?;
    Some(Target { url: inside[..end].trim(), title: None, end: first + end + 1 })
}

impl Target<'_> {
    /// Whether CommonMark reads it another way, or not at all.
    fn is_unusual(&self) -> bool {
        let bracketed = self.url.starts_with('<') && self.url.ends_with('>');
        let spaced = !bracketed && self.url.contains(' ');
        !self.url.contains('\n') && (spaced || self.title.is_some_and(|title| title.contains('"')))
    }

    /// Writes it as CommonMark reads it.
    fn write(&self, text: &mut String) {
        let bracketed = self.url.strip_prefix('<').and_then(|url| url.strip_suffix('>'));
        text.push_str("(<");
        escape(text, bracketed.unwrap_or(self.url), &['<', '>']);
        text.push('>');
        if let Some(title) = self.title {
            text.push_str(" \"");
            escape(text, title.trim(), &['"']);
            text.push('"');
        }
        text.push(')');
    }
}

/// Appends a text with backslashes before some characters that have none.
fn escape(text: &mut String, part: &str, characters: &[char]) {
    let mut escaped = false;
    for c in part.chars() {
        if characters.contains(&c) && !escaped {
            text.push('\\');
        }
        text.push(c);
        escaped = c == '\\' && !escaped;
    }
    if escaped {
        // It would escape what comes after.
        text.push('\\');
    }
}
