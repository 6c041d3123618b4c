//! What happens to a site.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::business::{SeriesTitle, Slug, Tag, Title};

/// What somebody does.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Create { author: usize, title: u8, status: Option<i8> },
    Draft { author: usize, title: u8 },
    Retitle(Index, u8),
    Rename(Index, u8),
    Schedule(Index, Option<i8>),
    Date(Index, i8),
    Do(Index, u8),
    Tag(Index, Vec<u8>),
    RenameTag(u8, u8),
    Join(Index, Option<u8>),
    Reorder(u8, Vec<Index>),
    Wait(u8),
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let index = any::<Index>;
    prop_oneof![
        3 => (0..2_usize, 0..6_u8, prop::option::of(-3..4_i8)).prop_map(|(author, title, status)| Operation::Create { author, title, status }),
        1 => (0..2_usize, 0..6_u8).prop_map(|(author, title)| Operation::Draft { author, title }),
        1 => (index(), 0..6_u8).prop_map(|(index, title)| Operation::Retitle(index, title)),
        2 => (index(), 0..8_u8).prop_map(|(index, slug)| Operation::Rename(index, slug)),
        2 => (index(), prop::option::of(-3..4_i8)).prop_map(|(index, at)| Operation::Schedule(index, at)),
        1 => (index(), -4..1_i8).prop_map(|(index, at)| Operation::Date(index, at)),
        4 => (index(), 0..4_u8).prop_map(|(index, verb)| Operation::Do(index, verb)),
        2 => (index(), vec(0..6_u8, 0..5)).prop_map(|(index, tags)| Operation::Tag(index, tags)),
        1 => (0..6_u8, 0..6_u8).prop_map(|(from, to)| Operation::RenameTag(from, to)),
        3 => (index(), prop::option::weighted(0.8, 0..2_u8)).prop_map(|(index, series)| Operation::Join(index, series)),
        1 => (0..2_u8, vec(index(), 1..4)).prop_map(|(series, order)| Operation::Reorder(series, order)),
        2 => (0..3_u8).prop_map(Operation::Wait),
    ]
}

/// Some ask for one slug, and one for that of another.
const TITLES: [&str; 6] = ["A", "A 2", "B", "C", "C c", "D"];

pub(super) fn title(number: u8) -> Title {
    TITLES[usize::from(number)].parse().unwrap()
}

/// Some are those of titles.
const SLUGS: [&str; 8] = ["a", "a-2", "b", "c", "d", "e", "f", "g"];

pub(super) fn slug(number: u8) -> Slug {
    SLUGS[usize::from(number)].parse().unwrap()
}

/// Some of which are one.
const TAGS: [&str; 6] = ["Rust", "rust", "Go", "C", "C++", "Web Design"];

pub(super) fn tag(number: u8) -> Tag {
    TAGS[usize::from(number)].parse().unwrap()
}

pub(super) fn tags(numbers: &[u8]) -> Vec<Tag> {
    Tag::several(numbers.iter().map(|number| TAGS[usize::from(*number)])).unwrap()
}

const SERIES: [&str; 2] = ["A Series", "Another"];

pub(super) fn series(number: u8) -> SeriesTitle {
    SERIES[usize::from(number)].parse().unwrap()
}
