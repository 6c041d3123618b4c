//! Where lists begin, and where each of their items ends.

use super::lines::TAB;
use crate::markdown::tree::Element;

/// Whether an indented block belongs to a list in `parent`, or to an item that
/// `parent` is.
pub(super) fn continues(parent: &Element) -> bool {
    parent.name == "li" || parent.last_element().is_some_and(Element::is_list)
}

/// `ul` or `ol`, when the first line of a block is the item of a list.
pub(super) fn begins(text: &str) -> Option<&'static str> {
    let (ordered, _) = item(text.split('\n').next()?)?;
    Some(if ordered { "ol" } else { "ul" })
}

/// Whether the item that a line begins is numbered, and its text.
fn item(line: &str) -> Option<(bool, &str)> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return None;
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let after = match text.as_bytes().get(digits)? {
        b'.' if digits > 0 => &text[digits + 1..],
        b'*' | b'+' | b'-' if digits == 0 => &text[1..],
        _ => return None,
    };
    after.starts_with(' ').then(|| (digits > 0, after.trim_start_matches(' ')))
}

/// The items of a block. Those that begin with [`TAB`] belong into the one before.
pub(super) fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if let Some((_, text)) = item(line) {
            items.push(text.to_owned());
            continue;
        }
        let nested = line.strip_prefix(TAB).is_some_and(|line| item(line).is_some());
        match items.last_mut() {
            Some(last) if !nested || last.starts_with(TAB) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => items.push(line.to_owned()),
        }
    }
    items
}
