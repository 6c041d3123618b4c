//! Formulas in MathML, which stand or fall as a whole: outside of `<math>`, or around what is none of it, a
//! browser makes something else of their elements.

use super::tags::{Markup, Scanner, begins_markup};

/// The elements that an author may use in `<math>`: those of MathML Core without what holds HTML or leads
/// elsewhere.
pub(super) const ELEMENTS: [&str; 28] = [
    "annotation",
    "merror",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "none",
    "semantics",
];

/// Where the formula ends that begins with `<math` at the start of `html`, if it is one.
pub(super) fn end(html: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut at = 0;
    for markup in Scanner::new(html) {
        let Markup::Tag(tag) = markup else { return None };
        // What is no tag to us may be one to a browser.
        if open.is_empty() && tag.start > 0 || html[at..tag.start].split('<').skip(1).any(begins_markup) {
            return None;
        }
        at = tag.end;
        if tag.closing {
            if open.pop() != Some(tag.name) {
                return None;
            }
        } else if open.is_empty() && tag.name == "math" || !open.is_empty() && ELEMENTS.contains(&&*tag.name) {
            if !tag.empty {
                open.push(tag.name);
            }
        } else {
            return None;
        }
        if open.is_empty() {
            return Some(tag.end);
        }
    }
    None
}
