//! Fenced code: three or more backticks or tildes, at the beginning of a line.

use crate::markdown::attributes::{self, Attribute};
use crate::markdown::source::{Piece, Stash};
use crate::markdown::tree::{Element, Node, to_html};

/// What may stand in a language's name beside letters and digits.
const LANGUAGE: [char; 5] = ['_', '#', '.', '+', '-'];

/// Takes fenced code out of `source`.
pub(in crate::markdown) fn extract(source: &str, stash: &mut Stash) -> String {
    let mut rest = String::with_capacity(source.len());
    let closings = Closings::of(source);
    let mut at = 0;
    while at < source.len() {
        let line = line_at(source, at);
        let code = at + line.len();
        let fenced = opening(line).and_then(|(fence, code_of)| Some((code_of, closings.first(fence, code)?)));
        if let Some((attributes, closing)) = fenced {
            let html = block(&attributes, &source[code..closing]);
            rest.push('\n');
            rest.push_str(&stash.keep(Piece::Html(html)));
            rest.push_str("\n\n");
            at = closing + line_at(source, closing).len();
        } else {
            rest.push_str(line);
            at = code;
        }
    }
    rest
}

/// The line at `at`, with its end.
fn line_at(source: &str, at: usize) -> &str {
    let rest = &source[at..];
    &rest[..rest.find('\n').map_or(rest.len(), |end| end + 1)]
}

/// The run of fence characters at the beginning of a line.
fn fence(line: &str) -> Option<&str> {
    let kind = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(kind).len();
    (length >= 3).then(|| &line[..length])
}

/// Where the lines are that may close a fence.
struct Closings<'s>(std::collections::HashMap<&'s str, Vec<usize>>);

impl<'s> Closings<'s> {
    fn of(source: &'s str) -> Self {
        let mut closings: std::collections::HashMap<&str, Vec<usize>> = std::collections::HashMap::new();
        let mut at = 0;
        for line in source.split_inclusive('\n') {
            if let Some(fence) = fence(line)
                && line[fence.len()..].trim_matches([' ', '\n']).is_empty()
            {
                closings.entry(fence).or_default().push(at);
            }
            at += line.len();
        }
        Self(closings)
    }

    /// The first line from `at` that closes `fence`: of the same length.
    fn first(&self, fence: &str, at: usize) -> Option<usize> {
        let closings = self.0.get(fence)?;
        closings.get(closings.partition_point(|closing| *closing < at)).copied()
    }
}

/// What a fence says about the code it opens.
#[derive(Default)]
struct Info {
    language: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    pairs: Vec<(String, String)>,
}

/// The fence that a line opens code with, and what it says of the code.
fn opening(line: &str) -> Option<(&str, Info)> {
    let fence = fence(line)?;
    let info = line[fence.len()..].trim_matches([' ', '\n']);
    if let Some(list) = info.strip_prefix('{') {
        return Some((fence, attributed(list)?));
    }
    let language = info.strip_prefix('.').unwrap_or(info);
    let named = |c: char| c.is_alphanumeric() || LANGUAGE.contains(&c);
    let language = language.split_once(" hl_lines=").map_or(language, |(language, _)| language.trim_end());
    language.chars().all(named).then(|| {
        let language = Some(language.to_owned()).filter(|language| !language.is_empty());
        (fence, Info { language, ..Info::default() })
    })
}

/// `.language .class #id key=value`
fn attributed(list: &str) -> Option<Info> {
    let mut info = Info::default();
    let (list, after) = attributes::parse(list)?;
    if after != "}" {
        return None;
    }
    for attribute in list {
        match attribute {
            Attribute::Class(class) if info.language.is_none() => info.language = Some(class),
            Attribute::Class(class) => info.classes.push(class),
            Attribute::Pair(name, id) if name == "id" => info.id = Some(id),
            // Options of a highlighter that is not part of this.
            Attribute::Pair(name, _) if name == "hl_lines" || name == "use_pygments" => {}
            Attribute::Pair(name, value) => info.pairs.push((name, value)),
        }
    }
    Some(info)
}

fn block(info: &Info, text: &str) -> String {
    let mut code = Element::new("code", vec![Node::Text(text.to_owned())]);
    if let Some(language) = &info.language {
        code = code.with("class", format!("language-{language}"));
    }
    code.attributes.extend(info.pairs.iter().cloned());
    let mut pre = Element::new("pre", vec![Node::Element(code)]);
    if let Some(id) = &info.id {
        pre = pre.with("id", id);
    }
    if !info.classes.is_empty() {
        pre = pre.with("class", info.classes.join(" "));
    }
    to_html(&[Node::Element(pre)])
}
