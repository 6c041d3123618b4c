//! What of a text was left out, for its author.

use std::collections::{BTreeMap, BTreeSet};

use super::tags::{Markup, Scanner};

/// How many things are named at most.
const MAX: usize = 50;

/// What was left out, each once.
#[derive(Default)]
pub(super) struct Warnings(BTreeSet<String>);

impl Warnings {
    /// Notes that an element was.
    pub(super) fn left_out(&mut self, element: &str) {
        self.add(format!("`<{element}>` was left out"));
    }

    /// Notes what of the elements and attributes of one text is not in another.
    pub(super) fn compare(&mut self, before: &str, after: &str) {
        let after = parts(after);
        for (part, count) in parts(before) {
            if after.get(&part).is_some_and(|after| *after >= count) {
                continue;
            }
            match part {
                (element, None) => self.left_out(&element),
                (element, Some(attribute)) => self.add(format!("`{attribute}` of `<{element}>` was left out")),
            }
        }
    }

    fn add(&mut self, warning: String) {
        if self.0.len() < MAX {
            self.0.insert(warning);
        }
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}

/// How many there are of each element, and of each attribute, or property of a style, of it.
fn parts(html: &str) -> BTreeMap<(String, Option<String>), usize> {
    let mut parts = BTreeMap::new();
    for markup in Scanner::new(html) {
        let Markup::Tag(tag) = markup else { continue };
        if tag.closing {
            continue;
        }
        let name = tag.name.into_owned();
        for (attribute, value) in tag.attributes {
            if attribute == "style" {
                let properties = value.split(';').filter_map(|declaration| declaration.split_once(':'));
                for (property, _) in properties {
                    let property = property.trim().to_ascii_lowercase();
                    *parts.entry((name.clone(), Some(format!("style: {property}")))).or_default() += 1;
                }
            } else {
                *parts.entry((name.clone(), Some(attribute))).or_default() += 1;
            }
        }
        *parts.entry((name, None)).or_default() += 1;
    }
    parts
}
