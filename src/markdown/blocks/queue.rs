//! The blocks of a source that are still to be read.

use std::collections::VecDeque;

/// A piece of the source, and what is known not to be in it: it is looked for
/// once, however often the piece is cut.
#[derive(Clone, Copy, Default)]
pub(super) struct Block<'t> {
    pub(super) text: &'t str,
    pub(super) no_heading: bool,
    pub(super) no_rule: bool,
    pub(super) no_quote: bool,
}

impl<'t> Block<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, ..Self::default() }
    }

    /// A part of this one.
    pub(super) fn part(self, text: &'t str) -> Self {
        Self { text, ..self }
    }
}

pub(super) type Queue<'t> = VecDeque<Block<'t>>;
