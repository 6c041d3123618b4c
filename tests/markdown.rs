//! Our rendering of Markdown against Python-Markdown's, over the texts in
//! `tests/markdown`.
//!
//! `reference.json` is what Python-Markdown makes of them
//! (`scripts/markdown-reference.py`). Two pieces of HTML are the same here when
//! they have the same elements, attributes, text and order, white space between
//! blocks aside. What is different on purpose is in `docs/markdown.md`, and named
//! here as well, so that the two cannot drift.

#[path = "markdown/authors.rs"]
mod authors;
#[path = "markdown/pathological.rs"]
mod pathological;
#[path = "markdown/sanitiser.rs"]
mod sanitiser;
#[path = "markdown/version.rs"]
mod version;
#[path = "markdown/words.rs"]
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use scraper::node::Element;
use scraper::{ElementRef, Html};
use serde_json::Value;
use talelio::markdown;

/// The elements that stand in a line of text.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "br", "code", "del", "em", "i", "img", "input", "ins", "kbd", "mark", "s", "small", "span",
    "strong", "sub", "sup", "u",
];

/// The elements, attributes and text of `html`, a line for each.
fn outline(html: &str) -> String {
    let mut lines = String::new();
    write_children(&mut lines, Html::parse_fragment(html).root_element(), 0, false);
    lines
}

/// What an element holds, without comments: an element, or a text.
enum Piece<'h> {
    Element(ElementRef<'h>),
    Text(String),
}

fn pieces(parent: ElementRef) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for child in parent.children() {
        if let Some(element) = ElementRef::wrap(child) {
            pieces.push(Piece::Element(element));
        } else if let Some(text) = child.value().as_text() {
            match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(text),
                _ => pieces.push(Piece::Text(text.to_string())),
            }
        }
    }
    pieces
}

fn write_children(lines: &mut String, parent: ElementRef, depth: usize, verbatim: bool) {
    let is_inline = |element: &ElementRef| INLINE.contains(&element.value().name());
    let is_edge = |piece: Option<&Piece>| piece.is_none_or(|piece| matches!(piece, Piece::Element(e) if !is_inline(e)));
    let indent = "  ".repeat(depth);
    let pieces = pieces(parent);
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Element(element) => {
                let name = element.value().name();
                writeln!(lines, "{indent}<{name}{}>", attributes(element.value())).unwrap();
                write_children(lines, *element, depth + 1, verbatim || name == "pre");
            }
            Piece::Text(text) => {
                let mut text: &str = text;
                // White space at the edge of a block is not seen.
                let trims = !verbatim && !is_inline(&parent);
                if trims && is_edge(index.checked_sub(1).and_then(|before| pieces.get(before))) {
                    text = text.trim_start();
                }
                if trims && is_edge(pieces.get(index + 1)) {
                    text = text.trim_end();
                }
                if !text.is_empty() {
                    writeln!(lines, "{indent}{text:?}").unwrap();
                }
            }
        }
    }
}

/// The attributes in the order of their names, without those that we add.
fn attributes(element: &Element) -> String {
    let mut attributes: BTreeMap<&str, &str> = element.attrs().collect();
    match element.name() {
        "img" => {
            attributes.remove("loading");
            if attributes.get("style") == Some(&"max-width: 100%; height: auto") {
                attributes.remove("style");
            }
        }
        "a" if attributes.get("rel") == Some(&"noopener") => {
            attributes.remove("rel");
            attributes.remove("target");
        }
        _ => {}
    }
    attributes.iter().fold(String::new(), |written, (name, value)| format!("{written} {name}={value:?}"))
}

/// The texts of the corpus by their names, as the script reads them.
fn sources() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/markdown");
    let snippets = format!("\n{}", std::fs::read_to_string(format!("{folder}/snippets.md")).unwrap());
    let mut sources: Vec<_> = snippets
        .split("\n=== ")
        .skip(1)
        .map(|part| part.split_once('\n').unwrap())
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    for article in std::fs::read_dir(format!("{folder}/articles")).unwrap() {
        let path = article.unwrap().path();
        let name = format!("articles/{}", path.file_stem().unwrap().to_str().unwrap());
        sources.push((name, std::fs::read_to_string(&path).unwrap()));
    }
    sources
}

#[test]
fn the_html_is_that_of_python_markdown() {
    let reference: Value = serde_json::from_str(include_str!("markdown/reference.json")).unwrap();
    let sources = sources();
    assert_eq!(reference.as_object().unwrap().len(), sources.len(), "run scripts/markdown-reference.py");
    let document = include_str!("../docs/markdown.md");
    let mut differences = String::new();
    for (name, source) in sources {
        let ours = markdown::render(&source, "https://www.talel.io").unwrap();
        let theirs = &reference[&name];
        let mut same = true;
        for (part, ours, theirs) in
            [("html", &ours.html, &theirs["html"]), ("table of contents", &ours.table_of_contents, &theirs["toc"])]
        {
            let (ours, theirs) = (outline(ours), outline(theirs.as_str().expect("run scripts/markdown-reference.py")));
            if ours != theirs {
                same = false;
                if !document.contains(&format!("| `{name}` |")) {
                    writeln!(differences, "=== {name}: {part}\n{source}\n--- theirs\n{theirs}--- ours\n{ours}")
                        .unwrap();
                }
            }
        }
        if same && document.contains(&format!("| `{name}` |")) {
            writeln!(differences, "=== {name} is the same, but docs/markdown.md says that it differs").unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// Texts that `scripts/markdown-random.py` made, with what Python-Markdown makes of them.
#[test]
#[ignore = "needs Python-Markdown: see `make test-markdown`"]
fn random_texts_are_those_of_python_markdown() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/markdown-random.json");
    let texts: Vec<(String, String)> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut differences: Vec<(String, String)> = Vec::new();
    for (source, theirs) in &texts {
        let ours = outline(&markdown::render(source, "https://www.talel.io").unwrap().html);
        // No attribute of HTML.
        let theirs = outline(theirs).replace(" markdown=\"1\"", "");
        if ours != theirs {
            differences.push((source.clone(), format!("{source}\n--- theirs\n{theirs}--- ours\n{ours}")));
        }
    }
    // The shortest say most.
    differences.sort_by_key(|(source, _)| source.len());
    let told: Vec<_> = differences.iter().take(20).map(|(_, told)| format!("=== {told}")).collect();
    assert!(differences.is_empty(), "{} of {} texts differ\n{}", differences.len(), texts.len(), told.join("\n"));
}

/// How long this thread computes to render `source`, however busy the machine is.
fn cpu_time(source: &str) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let before = now();
    // To be refused is an answer, too.
    let _ = markdown::render(source, "https://www.talel.io");
    now().saturating_sub(before)
}

/// How many bytes a text has that is compared with one four times as long.
const SHORT: usize = 8 << 10;

/// Whether four times the text takes much more than four times as long; sixteen times is what it
/// takes where each part of a text is compared with every other.
fn grows_too_fast(short: &str, long: &str) -> Option<(Duration, Duration)> {
    let (short, long) = (cpu_time(short), cpu_time(long));
    (long > 8 * short + Duration::from_millis(50)).then_some((short, long))
}

#[test]
fn pathological_texts_take_a_time_that_grows_with_their_length() {
    let texts: Vec<_> = pathological::texts(SHORT).zip(pathological::texts(4 * SHORT)).collect();
    assert_eq!(texts.len(), 200);
    let check = |((name, short), (_, long)): &((String, String), (String, String))| {
        // The sanitiser copies a text for each character that it escapes, which is limited as such.
        if name.starts_with("\"&\"") {
            return None;
        }
        // A machine with other things to do makes a text slow once, not each time.
        let times: Vec<_> = (0..4).map_while(|_| grows_too_fast(short, long)).collect();
        (times.len() == 4).then(|| format!("{name}: {times:?}\n"))
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let slow: String = std::thread::scope(|scope| {
        let parts = texts.chunks(texts.len().div_ceil(threads));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().filter_map(check).collect())).collect();
        parts.into_iter().map(|part| -> String { part.join().unwrap() }).collect()
    });
    assert!(slow.is_empty(), "{slow}");
}

/// What the server promises of an optimised program, so `make fuzz` runs it in one.
#[test]
#[ignore = "takes long, and is about an optimised program"]
fn a_mebibyte_of_any_pathological_text_takes_less_than_a_second() {
    let mut slow = String::new();
    // Many are refused at that size, and not at half of it, or of that.
    for (name, text) in (0..5).flat_map(|halved| pathological::texts((1 << 20) >> halved)) {
        let time = cpu_time(&text);
        if time > Duration::from_secs(1) {
            writeln!(slow, "{name}: {time:?} for {} bytes", text.len()).unwrap();
        }
    }
    assert!(slow.is_empty(), "{slow}");
}
