//! Nothing that an author writes takes with it what follows: every word that stands in no markup is
//! seen by readers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use scraper::{ElementRef, Html, Node};
use talelio::markdown;

/// All elements of HTML, and some that are none.
const ELEMENTS: &str = "a abbr acronym address animate applet area article aside audio b base basefont bdi bdo big blink \
    blockquote body br button canvas caption center circle cite code col colgroup content data datalist dd del desc details \
    dfn dialog dir div dl dt em embed fieldset figcaption figure font footer foreignObject form frame frameset h1 h6 head \
    header hgroup hr html i iframe image img input ins isindex kbd keygen label legend li link listing main map mark \
    marquee math menu menuitem meta meter mglyph mi mtext multicol nav nextid nobr noembed noframes noscript object ol \
    optgroup option output p param picture plaintext portal pre progress q rb rp rt rtc ruby s samp script search section \
    select set slot small source spacer span strike strong style String sub summary sup svg table tbody td template \
    textarea tfoot th thead time title tr track tt u ul use var video wbr x-own xmp";

/// What may stand between words, but for tags.
const MARKUP: [&str; 24] = [
    " ",
    "\n",
    "\n\n",
    "\n\n## ",
    "\n\n- ",
    "\n\n1. ",
    "\n\n> ",
    "\n\n    ",
    "\n\n```\n",
    "\n```\n\n",
    " *",
    "* ",
    " **",
    " `",
    "` ",
    " < ",
    " & ",
    " <!",
    " <!-- ",
    " <!important> ",
    "</",
    "\n\n| ",
    " | ",
    "\n\n***\n\n",
];

/// A tag of any element, as authors name them or use them.
fn tag() -> impl Strategy<Value = String> {
    let names: Vec<_> = ELEMENTS.split_whitespace().collect();
    let shapes =
        ["<#>", "<#>", "</#>", "<# class=\"c\">", "<# src=\"/a\">", "<#/>", "<# hidden ", "\n\n<#>\n", "\n</#>\n\n"];
    (prop::sample::select(names), prop::sample::select(shapes.to_vec()))
        .prop_map(|(name, shape)| shape.replace('#', name))
}

/// What stands between two words.
fn between() -> impl Strategy<Value = String> {
    prop_oneof![tag(), prop::sample::select(MARKUP.to_vec()).prop_map(str::to_owned)]
}

/// Whether readers see the text of an element. That of frames and players is for browsers without such.
fn is_shown(element: ElementRef) -> bool {
    let hidden = ["audio", "canvas", "iframe", "noembed", "noframes", "script", "style", "template", "title", "video"];
    let is_closed_details = element.value().name() == "details" && element.attr("open").is_none();
    !hidden.contains(&element.value().name()) && !is_closed_details
}

/// The text that readers of a page see.
fn seen(html: &str) -> String {
    let page = format!("<!DOCTYPE html><main>{html}</main><footer>the end</footer>");
    let page = Html::parse_document(&page);
    let text = page.tree.root().descendants().filter_map(|node| match node.value() {
        Node::Text(text) if node.ancestors().filter_map(ElementRef::wrap).all(is_shown) => Some(text.to_string()),
        _ => None,
    });
    text.collect::<Vec<_>>().join(" ")
}

/// The words of a source that stand in what could run, in comments and in players that are closed.
fn in_markup(source: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let lower = source.to_ascii_lowercase();
    for (start, end) in [
        ("<script", "</script"),
        ("<style", "</style"),
        ("<!--", "-->"),
        ("<!", ">"),
        ("<iframe", "</iframe"),
        ("<video", "</video"),
        ("<audio", "</audio"),
        ("<details", "</details"),
        ("<", ">"),
    ] {
        for (from, _) in lower.match_indices(start) {
            let Some(to) = lower[from..].find(end) else { continue };
            // A tag ends before the next begins, and has a name.
            let inside = &lower[from + 1..from + to];
            let is_tag = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && !inside.contains('<');
            if start == "<" && !is_tag {
                continue;
            }
            words.extend(source[from..from + to].split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned));
        }
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500)))]

    #[test]
    fn every_word_outside_markup_is_seen(between in prop::collection::vec(between(), 1..12)) {
        let mut source = "word0q".to_owned();
        for (number, between) in (1..).zip(&between) {
            source.push_str(between);
            write!(source, "word{number}q").unwrap();
        }
        let html = markdown::render(&source, "").unwrap().html;
        let seen = seen(&html);
        prop_assert!(seen.contains("the end"), "the page ends: {html}");
        let hidden = in_markup(&source);
        let lost: Vec<_> = (0..=between.len()).map(|number| format!("word{number}q"))
            .filter(|word| !seen.contains(word.as_str()) && !hidden.contains(word)).collect();
        prop_assert!(lost.is_empty(), "{lost:?} of {source:?} in {html:?}");
    }
}
