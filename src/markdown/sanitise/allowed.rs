//! The elements and attributes that an author may use.
//!
//! The model is what browsers themselves take for safe: the default configuration of the [HTML Sanitizer
//! API](https://wicg.github.io/sanitizer-api/#sanitizer-configuration). Beside it there are
//!
//! * elements of text that it leaves out for brevity: `details`, `picture`, `meter`, `progress`, `map`, `area`,
//!   the old `center`, `strike` and `tt`;
//! * `img`, `audio`, `video`, and `iframe` for the [players](frames) of video sites: an article shows things;
//! * `input`, for the boxes of task lists;
//! * `id`, `class`, `style`, within [limits](styles), `data-*`, `aria-*`, `role` and `tabindex`, which the site's style
//!   and readers of screens live on, and the presentational attributes of tables and images of old texts.
//!
//! Without SVG: too much in it runs, and a picture may be one as a file. Without the root of a page, `html`,
//! `head` and `body`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::Builder;

use super::{frames, ids, links, styles};
use crate::markdown::math;

const ELEMENTS: [&str; 18] = [
    "address", "audio", "fieldset", "iframe", "input", "legend", "main", "menu", "meter", "picture", "progress",
    "search", "section", "source", "tfoot", "track", "video", "wbr",
];

const MATH_ATTRIBUTES: [&str; 15] = [
    "encoding",
    "accent",
    "accentunder",
    "display",
    "displaystyle",
    "fence",
    "form",
    "largeop",
    "linethickness",
    "mathvariant",
    "movablelimits",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
];

const MEDIA: &[&str] =
    &["autoplay", "controls", "height", "loop", "muted", "playsinline", "poster", "preload", "src", "width"];

const TABLE: &[&str] = &["bgcolor", "border", "cellpadding", "cellspacing", "frame", "rules", "summary", "width"];

const CELL: &[&str] =
    &["abbr", "axis", "bgcolor", "colspan", "headers", "height", "nowrap", "rowspan", "scope", "width"];

const ATTRIBUTES: [(&str, &[&str]); 33] = [
    ("a", &["download", "href", "hreflang", "name", "rel", "target", "type"]),
    ("area", &["alt", "coords", "download", "href", "rel", "shape", "target"]),
    ("audio", MEDIA),
    ("blockquote", &["cite"]),
    ("col", &["span", "width"]),
    ("colgroup", &["span", "width"]),
    ("data", &["value"]),
    ("del", &["cite", "datetime"]),
    ("details", &["open"]),
    ("dl", &["compact"]),
    ("hr", &["noshade", "size", "width"]),
    ("iframe", &["allowfullscreen", "frameborder", "height", "loading", "src", "width"]),
    (
        "img",
        &[
            "alt", "border", "decoding", "height", "hspace", "loading", "sizes", "src", "srcset", "usemap", "vspace",
            "width",
        ],
    ),
    ("input", &["checked", "disabled", "type"]),
    ("ins", &["cite", "datetime"]),
    ("li", &["type", "value"]),
    ("map", &["name"]),
    ("menu", &["compact"]),
    ("meter", &["high", "low", "max", "min", "optimum", "value"]),
    ("ol", &["compact", "reversed", "start", "type"]),
    ("pre", &["width"]),
    ("progress", &["max", "value"]),
    ("q", &["cite"]),
    ("source", &["height", "media", "sizes", "src", "srcset", "type", "width"]),
    ("table", TABLE),
    ("td", CELL),
    ("th", CELL),
    ("time", &["datetime"]),
    ("tr", &["bgcolor"]),
    ("track", &["default", "kind", "label", "src", "srclang"]),
    ("ul", &["compact", "type"]),
    ("video", MEDIA),
    ("mspace", &["depth", "height", "width"]),
];

const EVERYWHERE: [&str; 13] = [
    "align",
    "class",
    "dir",
    "hidden",
    "id",
    "lang",
    "role",
    "style",
    "tabindex",
    "title",
    "translate",
    "valign",
    "clear",
];

pub(super) fn sanitiser() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .add_tags(ELEMENTS)
        .add_tags(["math"])
        .add_tags(math::ELEMENTS)
        .add_generic_attributes(EVERYWHERE)
        .add_generic_attribute_prefixes(["aria-", "data-"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None)
        .attribute_filter(filter);
    for (tag, names) in HashMap::from(ATTRIBUTES) {
        builder.add_tag_attributes(tag, names);
    }
    for tag in ["math"].into_iter().chain(math::ELEMENTS) {
        builder.add_tag_attributes(tag, MATH_ATTRIBUTES);
    }
    builder
}

/// What of an attribute that an author may use is harmless.
fn filter<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_harmless = match attribute {
        "style" => return styles::safe(value),
        "src" if element == "iframe" => return frames::player(value).map(Cow::Owned),
        "rel" => return links::relations(value),
        // Any other name gives two pages a hold on one window.
        "target" => ["_blank", "_self"].iter().any(|name| value.eq_ignore_ascii_case(name)),
        "id" | "name" => !ids::is_taken(element, value),
        "srcset" => value.split(',').all(|candidate| links::is_address_of_web(candidate.trim())),
        "usemap" => value.starts_with('#'),
        "cite" => links::is_harmless(value),
        // Others change where the page begins.
        "tabindex" => ["0", "-1"].contains(&value.trim()),
        "scriptlevel" => ["0", "1", "2", "3", "+1", "+2"].contains(&value),
        "linethickness" => is_length_of_formula(value, 1.0),
        "width" | "height" | "depth" if element == "mspace" => is_length_of_formula(value, 50.0),
        "width" if SHRINKS.contains(&element) => is_size(value, 10_000.0),
        "height" => is_size(value, 2_000.0),
        "width" => is_size(value, 1_000.0),
        "size" | "border" | "hspace" | "vspace" | "cellpadding" | "cellspacing" => is_size(value, 100.0),
        _ => true,
    };
    is_harmless.then_some(Cow::Borrowed(value))
}

/// The elements that shrink on a phone, however wide they are.
pub(super) const SHRINKS: [&str; 5] = ["hr", "iframe", "img", "table", "video"];

/// Whether a number of pixels, up to so many, or a percentage, is what a page may show.
fn is_size(value: &str, pixels: f32) -> bool {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => is_at_most(percent, 100.0),
        None => is_at_most(value.strip_suffix("px").unwrap_or(value), pixels),
    }
}

/// Whether a length in a formula is one of so many ems at most.
fn is_length_of_formula(value: &str, ems: f32) -> bool {
    let value = value.trim();
    let units = [("em", 1.0), ("ex", 2.0), ("px", 16.0), ("pt", 12.0), ("%", 100.0), ("", 5.0)];
    let unit = units.iter().find_map(|(unit, of_em)| Some((value.strip_suffix(unit)?, of_em)));
    unit.is_some_and(|(number, of_em)| is_at_most(number, ems * of_em))
}

fn is_at_most(number: &str, most: f32) -> bool {
    number.trim_start_matches('+').parse().is_ok_and(|number: f32| (0.0..=most).contains(&number))
}
