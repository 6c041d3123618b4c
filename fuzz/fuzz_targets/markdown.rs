//! Any text is rendered or refused, within the time that its length allows.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use talelio::markdown;
use talelio_fuzz::{bounded, seeds};

/// How long a repeated text gets, in bytes: enough for quadratic work to take longer than it may.
const REPEATED: usize = 16 << 10;

/// What such a text may take: twice as long as one of blocks alone does here, where every
/// comparison is watched.
const LEAST: Duration = Duration::from_millis(500);

fuzz_target!(init: seeds::write("markdown", seeds::markdown()), |text: &str| {
    check(text);
    check(&repeated(text));
});

fn check(text: &str) {
    let rendered = bounded(text.len(), LEAST, || markdown::render(text, "https://www.talel.io"));
    if let Ok(rendered) = rendered {
        let html = rendered.html.to_ascii_lowercase();
        assert!(!html.contains("<script") && !html.contains("<style"), "{html}");
    }
}

/// The text with every second part between NULs as often as it takes to make it long; all of it,
/// where there is none.
fn repeated(text: &str) -> String {
    let repeat = |part: &str| part.repeat(REPEATED / text.len().max(1));
    if !text.contains('\0') {
        return repeat(text);
    }
    let parts = text.split('\0').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { repeat(part) } else { part.to_owned() }).collect()
}
