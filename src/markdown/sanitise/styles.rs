//! Styles: how a thing looks and where it stands among what is around it, and nothing else on the page.
//!
//! What an author writes stays in the box of the article: nothing is taken out of the flow, moved by
//! negative lengths, or larger than a page shows. Nothing is loaded.

use std::borrow::Cow;

use cssparser::{Delimiter, ParseError, Parser, Token};

/// What the value of a property may consist of, beside words.
#[derive(Clone, Copy)]
struct Values {
    /// The least and the most of a number without a unit, and of 0 always.
    numbers: (f32, f32),
    /// The longest length, in CSS pixels.
    pixels: f32,
    /// The most of a percentage.
    percent: f32,
    colours: bool,
    gradients: bool,
    strings: bool,
    /// The words, if not all.
    words: Option<&'static [&'static str]>,
}

const WORDS: Values = Values {
    numbers: (0.0, 0.0),
    pixels: 0.0,
    percent: 0.0,
    colours: false,
    gradients: false,
    strings: false,
    words: None,
};
const COLOURS: Values = Values { colours: true, ..WORDS };
const STRINGS: Values = Values { strings: true, ..WORDS };
/// As far as a column of text goes.
const SPACE: Values = Values { pixels: 160.0, percent: 50.0, ..WORDS };
const BORDER: Values = Values { pixels: 32.0, ..COLOURS };
/// Not what its content asks for, which may be wider than the page.
const SIZE: &[&str] = &["auto", "fit-content", "inherit", "initial", "min-content", "none", "unset"];
const WIDTH: Values = Values { pixels: 10_000.0, percent: 100.0, words: Some(SIZE), ..WORDS };
const HEIGHT: Values = Values { pixels: 2_000.0, percent: 100.0, words: Some(SIZE), ..WORDS };
const LEAST: Values = Values { pixels: PHONE, ..HEIGHT };

/// The width of what any screen shows, in CSS pixels. What is wider is told to shrink.
pub(super) const PHONE: f32 = 320.0;

const PROPERTIES: &[(&[&str], Values)] = &[
    (&["background"], Values { gradients: true, pixels: 2_000.0, percent: 200.0, ..COLOURS }),
    (&["background-color", "color", "border-color", "text-decoration-color", "caret-color"], COLOURS),
    (&["border", "border-top", "border-right", "border-bottom", "border-left"], BORDER),
    (&["border-top-color", "border-right-color", "border-bottom-color", "border-left-color"], COLOURS),
    (&["border-style", "border-top-style", "border-right-style", "border-bottom-style", "border-left-style"], WORDS),
    (&["border-width", "border-top-width", "border-right-width", "border-bottom-width", "border-left-width"], BORDER),
    (&["border-radius"], Values { pixels: 10_000.0, percent: 100.0, ..WORDS }),
    (&["border-spacing"], Values { pixels: 32.0, ..WORDS }),
    (&["margin", "margin-top", "margin-right", "margin-bottom", "margin-left"], SPACE),
    (&["padding", "padding-top", "padding-right", "padding-bottom", "padding-left"], SPACE),
    (&["margin-inline", "margin-block", "padding-inline", "padding-block", "gap", "row-gap", "column-gap"], SPACE),
    (&["text-indent"], SPACE),
    (&["width"], WIDTH),
    (&["max-width"], Values { words: Some(&["fit-content", "min-content"]), ..WIDTH }),
    (&["height", "max-height"], HEIGHT),
    (&["min-width", "min-height"], LEAST),
    (&["font-size"], Values { pixels: 96.0, percent: 600.0, ..WORDS }),
    (&["font-weight"], Values { numbers: (1.0, 1_000.0), ..WORDS }),
    (&["line-height"], Values { numbers: (0.5, 5.0), pixels: 160.0, percent: 500.0, ..WORDS }),
    (&["letter-spacing", "word-spacing"], Values { pixels: 32.0, ..WORDS }),
    (&["opacity"], Values { numbers: (0.0, 1.0), percent: 100.0, ..WORDS }),
    (&["order"], Values { numbers: (0.0, 1_000.0), ..WORDS }),
    (&["columns", "column-count", "tab-size"], Values { numbers: (1.0, 16.0), pixels: PHONE, ..WORDS }),
    (&["font-family"], STRINGS),
    (&["list-style", "list-style-type"], STRINGS),
    (&["text-decoration"], Values { pixels: 32.0, ..COLOURS }),
    (
        &[
            "align-content",
            "align-items",
            "align-self",
            "justify-content",
            "justify-items",
            "justify-self",
            "flex-direction",
        ],
        WORDS,
    ),
    (&["clear", "float", "text-align", "vertical-align", "caption-side", "border-collapse"], WORDS),
    (&["display", "visibility", "overflow", "overflow-x", "overflow-y", "object-fit", "flex-wrap"], WORDS),
    (
        &[
            "font-style",
            "font-variant",
            "font-stretch",
            "text-transform",
            "text-decoration-line",
            "text-decoration-style",
        ],
        WORDS,
    ),
    (&["white-space", "word-break", "overflow-wrap", "hyphens", "direction", "list-style-position"], WORDS),
];

/// Functions that make a colour of numbers and words.
const COLOUR_FUNCTIONS: [&str; 10] = ["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color"];

const GRADIENTS: [&str; 6] = [
    "linear-gradient",
    "radial-gradient",
    "conic-gradient",
    "repeating-linear-gradient",
    "repeating-radial-gradient",
    "repeating-conic-gradient",
];

/// How long a unit is, in CSS pixels: those of a font and of a screen, as they are at most on usual ones.
const UNITS: [(&str, f32); 20] = [
    ("px", 1.0),
    ("pt", 1.34),
    ("pc", 16.0),
    ("in", 96.0),
    ("cm", 37.8),
    ("mm", 3.78),
    ("q", 0.95),
    ("em", 16.0),
    ("rem", 16.0),
    ("ex", 8.0),
    ("ch", 8.0),
    ("lh", 24.0),
    ("rlh", 24.0),
    ("vw", 20.0),
    ("vh", 20.0),
    ("vmin", 20.0),
    ("vmax", 20.0),
    ("dvh", 20.0),
    ("svh", 20.0),
    ("lvh", 20.0),
];

type Failed = ParseError<()>;

/// A style as it stands if all of it is safe, otherwise what of it is.
pub(super) fn safe(style: &str) -> Option<Cow<'_, str>> {
    let mut parser = Parser::new(style);
    let mut allowed = Vec::new();
    let mut count = 0;
    let mut is_wide = false;
    loop {
        parser.skip_whitespace();
        if parser.is_exhausted() {
            break;
        }
        let start = parser.position();
        let declaration = parser.parse_until_after(Delimiter::Semicolon, declaration);
        let text = parser.slice_from(start).trim_end_matches([';', ' ', '\n', '\t']);
        if text.is_empty() {
            continue;
        }
        count += 1;
        if let Ok(wide) = declaration
            && is_closed(text)
        {
            is_wide |= wide;
            allowed.push(bounded(text));
        }
    }
    match allowed.len() {
        0 => None,
        _ if is_wide => Some(shrinking("max-width: 100%", allowed.iter().map(AsRef::as_ref)).into()),
        found if found == count && allowed.iter().all(|text| matches!(text, Cow::Borrowed(_))) => Some(style.into()),
        _ => Some(allowed.join("; ").into()),
    }
}

/// A style that lets something shrink, `how`, and of which all else is `declarations` that are safe.
fn shrinking<'s>(how: &'s str, declarations: impl Iterator<Item = &'s str>) -> String {
    let others = declarations.filter(|declaration| !declaration.to_ascii_lowercase().starts_with("max-width"));
    std::iter::once(how).chain(others).collect::<Vec<_>>().join("; ")
}

/// The same for a style as this module wrote it.
pub(super) fn shrunk(how: &str, style: &str) -> String {
    shrinking(how, style.split(';').map(str::trim).filter(|declaration| !declaration.is_empty()))
}

/// Whether what comes after a declaration is read as it stands: without escapes and comments, with strings and
/// brackets that are closed, and no semicolon in one.
fn is_closed(text: &str) -> bool {
    let count = |wanted| text.matches(wanted).count();
    !text.contains(['\\', '*', ';']) && count('"') % 2 == 0 && count('\'') % 2 == 0 && count('(') == count(')')
}

/// A declaration as it stands, but for a size of letters that grows with what it stands in: one in another in another
/// would be as large as a page.
fn bounded(text: &str) -> Cow<'_, str> {
    let Some((name, value)) = text.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case("font-size"))
    else {
        return text.into();
    };
    let (size, important) = value.split_once('!').map_or((value, ""), |(size, _)| (size, " !important"));
    let size = size.trim().to_ascii_lowercase();
    let size = if size == "larger" { "1.2em".to_owned() } else { size };
    let is_relative = ["%", "em", "ex", "ch", "lh"].iter().any(|unit| size.ends_with(unit)) && !size.ends_with("rem");
    if is_relative { format!("{}: min({size}, 96px){important}", name.trim()).into() } else { text.into() }
}

/// Reads a declaration to its end. Whether it makes something wider than a phone.
fn declaration(parser: &mut Parser<'_>) -> Result<bool, Failed> {
    let name = parser.expect_ident_cloned()?.to_ascii_lowercase();
    parser.expect_colon()?;
    let values = PROPERTIES.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, values)| *values);
    let values = values.ok_or_else(Failed::unexpected_token)?;
    let widest = value(parser, values)?;
    Ok(name == "width" && widest > PHONE)
}

/// Reads a value to its end, and returns the longest length in it, in CSS pixels.
fn value(parser: &mut Parser<'_>, values: Values) -> Result<f32, Failed> {
    let mut longest = 0.0_f32;
    while let Ok(token) = parser.next().cloned() {
        let is_allowed = match &token {
            Token::Ident(word) => {
                let is_known = |words: &[&str]| words.contains(&&*word.to_ascii_lowercase());
                word.eq_ignore_ascii_case("important") || values.words.is_none_or(is_known)
            }
            Token::Hash(_) | Token::IDHash(_) => values.colours,
            Token::QuotedString(_) => values.strings,
            Token::Number { value, .. } => {
                *value == 0.0 || (values.numbers.0..=values.numbers.1).contains(value) && values.numbers.1 > 0.0
            }
            Token::Percentage { unit_value, .. } => (0.0..=values.percent).contains(&(unit_value * 100.0)),
            Token::Dimension { value, unit, .. } => {
                let unit = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name));
                let pixels = unit.map_or(f32::NAN, |(_, pixels)| value * pixels);
                longest = longest.max(pixels);
                (0.0..=values.pixels).contains(&pixels)
            }
            Token::Comma => true,
            Token::Delim(delimiter) => "/!".contains(*delimiter),
            Token::Function(name) => {
                let name = name.to_ascii_lowercase();
                let is_colour = values.colours && COLOUR_FUNCTIONS.contains(&name.as_str());
                let is_gradient = values.gradients && GRADIENTS.contains(&name.as_str());
                (is_colour || is_gradient) && parser.parse_nested_block(|inner| arguments(inner, is_gradient)).is_ok()
            }
            _ => false,
        };
        if !is_allowed {
            return Err(Failed::unexpected_token());
        }
    }
    Ok(longest)
}

/// Reads the arguments of a colour or a gradient, which load nothing.
fn arguments(parser: &mut Parser<'_>, is_gradient: bool) -> Result<(), Failed> {
    while let Ok(token) = parser.next().cloned() {
        let is_allowed = match &token {
            Token::Ident(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. }
            | Token::Comma
            | Token::Delim('/') => true,
            Token::Hash(_) | Token::IDHash(_) => is_gradient,
            Token::Function(name) => {
                is_gradient
                    && COLOUR_FUNCTIONS.contains(&name.to_ascii_lowercase().as_str())
                    && parser.parse_nested_block(|inner| arguments(inner, false)).is_ok()
            }
            _ => false,
        };
        if !is_allowed {
            return Err(Failed::unexpected_token());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_and_stands_stays_as_it_is_written() {
        for style in [
            "color: rgb(1, 2, 3)",
            "COLOR:RGB(1 2 3 / 50%) !important;",
            "background: #eee",
            "background: linear-gradient(90deg, rgba(0,0,0,.5) 0%, transparent)",
            "padding-left: 1.5em; display: flex; gap: 8px",
            "margin: 0 auto",
            "border: 1px solid #ccc; border-radius: 50%",
            "width: 50%; height: auto",
            "width: 320px",
            "max-width: 800px",
            "font-family: 'Fira Code', monospace",
            "text-align: left;",
            "line-height: 1.5",
        ] {
            assert_eq!(safe(style).as_deref(), Some(style));
        }
    }

    #[test]
    fn what_is_wide_shrinks() {
        assert_eq!(safe("width: 600px").unwrap(), "max-width: 100%; width: 600px");
        assert_eq!(
            safe("max-width: 900px; width: 100vw; color: red").unwrap(),
            "max-width: 100%; width: 100vw; color: red"
        );
    }

    #[test]
    fn letters_in_letters_do_not_grow_without_end() {
        assert_eq!(safe("font-size: 600%").unwrap(), "font-size: min(600%, 96px)");
        assert_eq!(
            safe("FONT-SIZE:larger!important;color:red").unwrap(),
            "FONT-SIZE: min(1.2em, 96px) !important; color:red"
        );
        assert_eq!(safe("font-size: 2rem").unwrap(), "font-size: 2rem");
    }

    #[test]
    fn nothing_leaves_its_box_or_loads_anything() {
        for style in [
            "position: fixed",
            "p\\6fsition: fixed",
            "margin-top: -100px",
            "margin: 0 -1px",
            "margin: calc(0px - 100px)",
            "margin-left: 5000px",
            "padding: 100vw",
            "height: 100000px",
            "width: 200%",
            "width: max-content",
            "line-height: 0.1",
            "vertical-align: -500px",
            "letter-spacing: -50px",
            "text-indent: -9999px",
            "font-size: 500px",
            "font-size: 100vw",
            "border: 9999px solid red",
            "transform: scale(99)",
            "box-shadow: 0 0 0 9999px red",
            "outline: 9999px solid",
            "z-index: 1",
            "inset: 0",
            "background: url(/x)",
            "background: image-set('/x' 1x)",
            "background: linear-gradient(url(/x), red)",
            "background-image: url(/x)",
            "list-style: url(/x)",
            "color: expression(alert(1))",
            "color: var(--x)",
            "--x: 1",
            "behavior: url(/x)",
            "content: 'x'",
            "width: 1zz",
            "max-width: none",
            "font-family: 'abc",
            "font-family: 'a;b'",
            "color: rgb(1, 2, 3",
            "width: -1px",
        ] {
            assert_eq!(safe(style), None, "{style}");
        }
        assert_eq!(safe("position:fixed; color: red;/* ; */ top: 0").unwrap(), "color: red");
        assert_eq!(
            safe("color: red; width: 600px; background: url(").unwrap(),
            "max-width: 100%; color: red; width: 600px"
        );
    }
}
