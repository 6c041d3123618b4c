//! References with white space before their label, `[text] [label]`, which CommonMark does not have.

use std::borrow::Cow;

use super::brackets::Brackets;
use crate::markdown::blocks::Definitions;

/// A text without the white space between texts and labels that are defined, as Python-Markdown pairs them: from
/// left to right, also those that turn out to lead nowhere.
pub(super) fn join<'t>(text: &'t str, definitions: &Definitions) -> Cow<'t, str> {
    if !(text.contains("] [") || text.contains("]\n[")) {
        return text.into();
    }
    let pairs = pairs(text);
    let mut joined = String::with_capacity(text.len());
    let mut from = 0;
    let mut at = 0;
    for (open, close) in pairs {
        if open < at {
            continue;
        }
        let gap = close + 1;
        let after = text[gap..].strip_prefix([' ', '\n']).unwrap_or(&text[gap..]);
        let Some((label, rest)) = after.strip_prefix('[').and_then(|after| after.split_once(']')) else { continue };
        at = text.len() - rest.len();
        let is_apart = after.len() < text.len() - gap;
        let named = if label.is_empty() { &text[open + 1..close] } else { label };
        if is_apart && definitions.reference(named).is_some() {
            joined.push_str(&text[from..gap]);
            from = gap + 1;
        }
    }
    (joined + &text[from..]).into()
}

/// Where brackets open and close, in the order in which they open.
fn pairs(text: &str) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for (place, bracket) in Brackets::new(text) {
        if bracket == b'[' {
            open.push(place);
        } else {
            pairs.extend(open.pop().map(|open| (open, place)));
        }
    }
    pairs.sort_unstable();
    pairs
}
