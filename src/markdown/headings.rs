//! Ids for headings, and the table of contents that links to them.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::tree::{Element, Node, to_html};

struct Entry {
    level: u8,
    id: String,
    text: String,
    children: Vec<Entry>,
}

/// Gives every heading in the tree an id, if it has none, puts the table of
/// contents in the place of every paragraph `[TOC]`, and returns it as HTML.
pub(super) fn number(nodes: &mut [Node]) -> String {
    let mut ids = Ids::default();
    collect_ids(nodes, &mut ids.taken);
    let mut headings = Vec::new();
    number_nodes(nodes, &mut ids, &mut headings);
    let table = Node::Element(Element::new("div", vec![list(&nest(headings))]).with("class", "toc"));
    insert_table(nodes, &table);
    to_html(&[table]).replace('\n', "")
}

fn insert_table(nodes: &mut [Node], table: &Node) {
    for node in nodes {
        let Node::Element(element) = node else { continue };
        match element.children.as_mut_slice() {
            [Node::Text(text)] if element.name == "p" && text.trim() == "[TOC]" => *node = table.clone(),
            children => insert_table(children, table),
        }
    }
}

fn collect_ids(nodes: &[Node], taken: &mut HashSet<String>) {
    for node in nodes {
        if let Node::Element(element) = node {
            taken.extend(element.attribute("id").map(str::to_owned));
            collect_ids(&element.children, taken);
        }
    }
}

fn number_nodes(nodes: &mut [Node], ids: &mut Ids, headings: &mut Vec<Entry>) {
    for node in nodes {
        let Node::Element(element) = node else { continue };
        let Some(level) = element.heading_level() else {
            number_nodes(&mut element.children, ids, headings);
            continue;
        };
        let text = one_line(&element.text());
        let id = element.attribute("id").map_or_else(|| ids.unique(slugify(&text)), str::to_owned);
        element.set("id", id.clone());
        let label = element.take("data-toc-label");
        let text = label.map_or(text, |label| one_line(&label));
        headings.push(Entry { level, id, text, children: Vec::new() });
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Python-Markdown's id of a heading: what is left of its text in ASCII, word
/// characters and hyphens, in lower case.
fn slugify(text: &str) -> String {
    let ascii: String = text
        .nfkd()
        .filter(char::is_ascii)
        .filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-') || c.is_whitespace())
        .collect();
    let ascii = ascii.trim().to_lowercase();
    let mut id = String::with_capacity(ascii.len());
    for c in ascii.chars() {
        match c {
            '-' | ' ' | '\t' | '\n' if id.ends_with('-') => {}
            '-' | ' ' | '\t' | '\n' => id.push('-'),
            c => id.push(c),
        }
    }
    id
}

/// The ids of a text.
#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
    /// For an id without its number, and a number that is taken: one above it up to which
    /// all are. Each search shortens the way of the next, so that all of them together take
    /// a time that grows with the text.
    further: HashMap<String, HashMap<u128, u128>>,
}

impl Ids {
    /// `id`, or the first of `id_1`, `id_2` and so on that is free; after `id_7`, of `id_8`
    /// and so on.
    fn unique(&mut self, id: String) -> String {
        if !id.is_empty() && self.taken.insert(id.clone()) {
            return id;
        }
        let numbered = id.rsplit_once('_').and_then(|(stem, number)| Some((stem, number.parse::<u64>().ok()?)));
        let (stem, start) = numbered.map_or((id.as_str(), 0), |(stem, number)| (stem, u128::from(number)));
        let further = self.further.entry(stem.to_owned()).or_default();
        let mut number = start + 1;
        let mut passed = Vec::new();
        loop {
            let next = match further.get(&number) {
                Some(next) => *next,
                None if self.taken.contains(&format!("{stem}_{number}")) => number + 1,
                None => break,
            };
            passed.push(number);
            number = next;
        }
        passed.push(number);
        further.extend(passed.into_iter().map(|taken| (taken, number + 1)));
        let id = format!("{stem}_{number}");
        self.taken.insert(id.clone());
        id
    }
}

/// Puts every heading below the nearest one before it that is of a higher level.
fn nest(headings: Vec<Entry>) -> Vec<Entry> {
    let mut roots = Vec::new();
    let mut open: Vec<Entry> = Vec::new();
    let close = |open: &mut Vec<Entry>, roots: &mut Vec<Entry>| {
        if let Some(done) = open.pop() {
            open.last_mut().map_or(roots, |parent| &mut parent.children).push(done);
        }
    };
    for heading in headings {
        while open.last().is_some_and(|last| last.level >= heading.level) {
            close(&mut open, &mut roots);
        }
        open.push(heading);
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots
}

fn list(entries: &[Entry]) -> Node {
    let items = entries.iter().map(|entry| {
        let link = Element::new("a", vec![Node::Text(entry.text.clone())]).with("href", format!("#{}", entry.id));
        let mut children = vec![Node::Element(link)];
        if !entry.children.is_empty() {
            children.push(list(&entry.children));
        }
        Node::Element(Element::new("li", children))
    });
    Node::Element(Element::new("ul", items.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_python_markdown() {
        assert_eq!(slugify("Hello, World & co!"), "hello-world-co");
        assert_eq!(slugify("Åäö - x -- y"), "aao-x-y");
        assert_eq!(slugify("日本"), "");
        let mut ids = Ids::default();
        ids.taken.insert("a_2".to_owned());
        for unique in ["a", "a_1", "a_3", "a_4"] {
            assert_eq!(ids.unique("a".to_owned()), unique);
        }
        assert_eq!(ids.unique("a_1".to_owned()), "a_5");
        assert_eq!(ids.unique(String::new()), "_1");
        assert_eq!(ids.unique(String::new()), "_2");
    }

    #[test]
    fn an_id_may_have_the_highest_number() {
        let mut ids = Ids::default();
        let highest = format!("a_{}", u64::MAX);
        assert_eq!(ids.unique(highest.clone()), highest);
        assert_eq!(ids.unique(highest), "a_18446744073709551616");
    }

    /// These took minutes when each id was searched for from its own number on.
    #[test]
    fn many_headings_alike_take_little_time() {
        let mut same = Ids::default();
        assert_eq!((0..50_000).map(|_| same.unique("a_1".to_owned())).last().unwrap(), "a_50000");
        let mut alternating = Ids::default();
        for number in 1..25_000 {
            alternating.unique("a".to_owned());
            alternating.unique(format!("a_{number}"));
        }
        let mut downwards = Ids::default();
        for number in (1..50_000).rev() {
            downwards.unique(format!("a_{number}"));
            downwards.unique(format!("a_{number}"));
        }
    }

    proptest::proptest! {
        /// As Python-Markdown finds them: one number after the other.
        #[test]
        fn an_id_is_the_first_that_is_free(ids in proptest::collection::vec("(a|b|a_b)?(_[0-9])?", 0..60)) {
            let (mut ours, mut taken) = (Ids::default(), HashSet::new());
            for id in ids {
                let expected = if !id.is_empty() && !taken.contains(&id) {
                    id.clone()
                } else {
                    let numbered = id.rsplit_once('_').and_then(|(stem, n)| Some((stem, n.parse::<u64>().ok()?)));
                    let (stem, start) = numbered.unwrap_or((&id, 0));
                    (start + 1..=start + 100).map(|n| format!("{stem}_{n}")).find(|id| !taken.contains(id)).unwrap()
                };
                taken.insert(expected.clone());
                proptest::prop_assert_eq!(ours.unique(id), expected);
            }
        }
    }
}
