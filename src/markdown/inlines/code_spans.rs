//! Where code stands in a line: between runs of as many backticks.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// A run of backticks.
struct Run {
    start: usize,
    length: usize,
    /// Whether the first of them is, so that it opens nothing.
    escaped: bool,
}

/// The places of the code in `text`, backticks included, in bytes.
pub(in crate::markdown) fn ranges(text: &str) -> Vec<Range<usize>> {
    let runs = runs(text);
    // The runs of each length, to look only ahead.
    let mut places: HashMap<usize, VecDeque<usize>> = HashMap::new();
    for (index, run) in runs.iter().enumerate() {
        places.entry(run.length).or_default().push_back(index);
    }
    let mut ranges = Vec::new();
    let mut index = 0;
    while let Some(run) = runs.get(index) {
        let closing = places.get_mut(&(run.length - usize::from(run.escaped))).and_then(|places| {
            while places.front().is_some_and(|place| *place <= index) {
                places.pop_front();
            }
            places.front().copied()
        });
        index = match closing {
            Some(closing) => {
                ranges.push(run.start..runs[closing].start + runs[closing].length);
                closing + 1
            }
            None => index + 1,
        };
    }
    ranges
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut escaped = false;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((start, byte)) = bytes.next() {
        if byte == b'`' {
            let mut length = 1;
            while bytes.next_if(|(_, byte)| *byte == b'`').is_some() {
                length += 1;
            }
            runs.push(Run { start, length, escaped });
        }
        escaped = byte == b'\\' && !escaped;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_runs_of_one_length() {
        let code = |text| ranges(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(code("a `b` c ``d ` e`` f"), ["`b`", "``d ` e``"]);
        assert_eq!(code("\\`a `b`"), ["`b`"]);
        assert_eq!(code("`a"), [""; 0]);
    }
}
