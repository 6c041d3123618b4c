//! The brackets of a line.

use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::code_spans;

/// The places of the brackets `[` and `]` that are neither code nor behind a backslash, and which they are.
pub(super) struct Brackets<'t> {
    text: &'t str,
    at: usize,
    code: Peekable<IntoIter<Range<usize>>>,
}

impl<'t> Brackets<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, code: code_spans::ranges(text).into_iter().peekable() }
    }

    /// Passes over what stands before `at`.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Whether code begins between the last bracket and `end`.
    pub(super) fn code_begins_before(&mut self, end: usize) -> bool {
        self.code.peek().is_some_and(|code| code.start < end)
    }
}

impl Iterator for Brackets<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<(usize, u8)> {
        loop {
            let place = self.at + self.text[self.at..].find(['[', ']', '\\', '`'])?;
            while self.code.next_if(|code| code.end <= place).is_some() {}
            if let Some(code) = self.code.peek().filter(|code| code.start <= place) {
                self.at = code.end;
                continue;
            }
            self.at = place + 1;
            match self.text.as_bytes()[place] {
                // What is escaped is one byte, or nothing that is looked for.
                b'\\' => self.at = self.text.ceil_char_boundary((place + 2).min(self.text.len())),
                b'`' => {}
                bracket => return Some((place, bracket)),
            }
        }
    }
}
