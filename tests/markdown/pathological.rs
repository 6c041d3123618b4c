//! 200 texts that nobody writes but to hold a parser up: 40 constructs of Markdown, each
//! repeated in five ways.
//!
//! What takes a parser long is mostly what it has to look back or ahead for: delimiters that
//! are never closed, brackets within brackets, references without a definition, lists of
//! attributes, blocks within blocks.

/// How a construct begins and how it ends. `#` stands for a number that is another each time,
/// so that names, ids and definitions differ.
const CONSTRUCTS: [(&str, &str); 40] = [
    ("*", "*"),
    ("**a ", "**"),
    ("_", "_"),
    ("***a_", "_"),
    ("~~", "~~"),
    ("`", "``"),
    ("[", "]"),
    ("![", "]"),
    ("[a](", ")"),
    ("![a](<b", "> \"t\")"),
    ("[a][", "]"),
    ("[r#]", "[]"),
    ("[^#", "]"),
    ("[^#]: ", "[^#]"),
    ("[r#]: /", " \"t\""),
    ("[r#]: <", ">\n    'x'"),
    ("<a href=\"", "\">"),
    ("<b>", "</b>"),
    ("<p x=", ">"),
    ("<div>", "</div>"),
    ("<div markdown=\"1\">\n", "\n</div>\n"),
    ("<!--", "-->"),
    ("<?", "?>"),
    ("<![CDATA[", "]]>"),
    ("<https://", ">"),
    ("&", ";"),
    ("\\", "\\"),
    ("{: #", " }"),
    ("a {: .b c=\"", "\" }"),
    ("> ", "\n"),
    ("- ", "\n\n"),
    ("1. ", "\n    "),
    ("- [ ] ", "\n  "),
    ("# ", " #"),
    ("a\n===", "\n---"),
    ("```#\n", "```"),
    ("~~~ {: .b", "}\n"),
    ("    ", "\n\t"),
    ("| a | ", "\n|---|---|\n| "),
    ("a  \n", "***\n"),
];

/// The texts with their names, `size` bytes or a little more each.
pub fn texts(size: usize) -> impl Iterator<Item = (String, String)> {
    (0..CONSTRUCTS.len()).flat_map(move |index| {
        let (open, close) = CONSTRUCTS[index];
        let (other, _) = CONSTRUCTS[(index + 7) % CONSTRUCTS.len()];
        let half = size / 2;
        let ways = [
            ("unclosed", repeat(open, size)),
            ("closed", repeat(&format!("{open}a{close} "), size)),
            ("nested", format!("{}a{}", repeat(open, half), repeat(close, half))),
            ("in blocks", repeat(&format!("{open}a{close}\n\n"), size)),
            ("alternated", repeat(&format!("{open}a{other}"), size)),
        ];
        ways.map(|(way, text)| (format!("{open:?} {way}"), text))
    })
}

/// `unit` as often as it takes to fill `size` bytes, with its numbers.
fn repeat(unit: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + unit.len());
    let mut number = 0;
    while text.len() < size {
        number += 1;
        text.push_str(&unit.replace('#', &number.to_string()));
    }
    text
}
