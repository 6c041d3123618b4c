//! What a browser wants to know of an image before it loads it: how large it will
//! be, and which renditions of it there are.

use std::cell::RefCell;
use std::collections::HashMap;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use super::sanitise::{attribute, set_style};

/// An image whose renditions are its own address with `?width=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponsiveImage {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The widths in pixels that there are smaller renditions of.
    pub rendition_widths: Vec<u32>,
}

/// The addresses of the images in `html`, which [`render`](super::render) wrote.
///
/// # Panics
/// Never: nothing in `html` is changed.
#[must_use]
pub fn sources(html: &str) -> Vec<String> {
    let sources = RefCell::new(Vec::new());
    let images = element!("img[src]", |img| {
        sources.borrow_mut().extend(img.get_attribute("src"));
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(images)).expect("nothing is changed");
    sources.into_inner()
}

/// `html`, which [`render`](super::render) wrote, with the sizes and renditions of the
/// images whose addresses are known. What its author wrote about an image stays as it is.
///
/// # Panics
/// Never: what `render` wrote is well-formed.
#[must_use]
#[expect(clippy::implicit_hasher, reason = "there is one caller")]
pub fn annotate(html: &str, known: &HashMap<String, ResponsiveImage>) -> String {
    let images = element!("img[src]", |img| {
        let source = img.get_attribute("src").unwrap_or_default();
        if let Some(image) = known.get(&source) {
            annotate_one(img, &source, image)?;
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(images))
        .expect("what the sanitiser wrote is well-formed, and the handler sets fixed names")
}

/// How far a shape may be off, as a part of it: whole pixels are.
const MAX_DISTORTION: f64 = 0.02;

type Written = Result<(), lol_html::errors::AttributeNameError>;

fn annotate_one(img: &mut Element<'_, '_>, source: &str, image: &ResponsiveImage) -> Written {
    reserve_place(img, image)?;
    let renditions = image.rendition_widths.iter();
    let renditions: Vec<String> = renditions.map(|width| format!("{source}?width={width} {width}w")).collect();
    if !renditions.is_empty() && !img.has_attribute("srcset") {
        img.set_attribute("srcset", &format!("{}, {source} {}w", renditions.join(", "), image.width))?;
    }
    Ok(())
}

/// Says how large an image will be, so that its place is kept until it comes, and that its shape is its own:
/// a page whose style says how wide images are, and nothing of their height, would distort it.
fn reserve_place(img: &mut Element<'_, '_>, image: &ResponsiveImage) -> Written {
    let mut style = attribute(img, "style").unwrap_or_default().trim_end_matches([';', ' ']).to_owned();
    let has_height = ["height", "max-height", "min-height"].iter().any(|property| declares(&style, property));
    let mut declare = |property: &str, value: &str| {
        if !declares(&style, property) {
            let separator = if style.is_empty() { "" } else { "; " };
            style.extend([separator, property, ": ", value]);
        }
    };
    let (width, height) = (f64::from(image.width.max(1)), f64::from(image.height.max(1)));
    let (its_width, its_height) = (img.get_attribute("width"), img.get_attribute("height"));
    let pixels = |size: &Option<String>| size.as_ref().and_then(|size| size.trim().trim_end_matches("px").parse().ok());
    let size = match (pixels(&its_width), pixels(&its_height)) {
        (Some(width), Some(height)) => (width, height),
        (Some(its), None) if its_height.is_none() => (its, its * height / width),
        (None, Some(its)) if its_width.is_none() => (its * width / height, its),
        // A part of the space that there is.
        (None, None) if its_height.is_none() => {
            if let Some(part) = its_width {
                declare("width", part.trim());
            }
            (width, height)
        }
        _ => return Ok(()),
    };
    // What its author wants out of shape stays so, or out of sight.
    let is_shape = ((size.0 / size.1) / (width / height) - 1.0).abs() <= MAX_DISTORTION;
    if !is_shape || size.0 < 1.0 {
        return Ok(());
    }
    declare("max-width", "100%");
    declare("height", "auto");
    if has_height {
        // What is said of the width here would not follow the height that the style says.
        declare("width", "auto");
    }
    img.set_attribute("width", &format!("{:.0}", size.0))?;
    img.set_attribute("height", &format!("{:.0}", size.1.max(1.0)))?;
    set_style(img, &style)
}

/// Whether a style says something of a property.
fn declares(style: &str, property: &str) -> bool {
    let is = |declaration: &str| declaration.split(':').next().is_some_and(|name| name.trim() == property);
    style.to_ascii_lowercase().split(';').any(is)
}
