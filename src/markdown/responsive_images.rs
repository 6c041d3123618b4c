//! What a browser wants to know of an image before it loads it: how large it will
//! be, and which renditions of it there are.

use std::cell::RefCell;
use std::collections::HashMap;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

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

type Written = Result<(), lol_html::errors::AttributeNameError>;

fn annotate_one(img: &mut Element<'_, '_>, source: &str, image: &ResponsiveImage) -> Written {
    if !img.has_attribute("width") && !img.has_attribute("height") {
        img.set_attribute("width", &image.width.to_string())?;
        img.set_attribute("height", &image.height.to_string())?;
        // A page whose style says how wide images are, and nothing of their height, would distort it.
        let style = img.get_attribute("style").unwrap_or_default();
        if !style.split(';').any(|declaration| declaration.trim_start().to_ascii_lowercase().starts_with("height")) {
            let separator = if style.is_empty() { "" } else { "; " };
            img.set_attribute("style", &format!("{}{separator}height: auto", style.trim_end_matches([';', ' '])))?;
        }
    }
    let renditions = image.rendition_widths.iter();
    let renditions: Vec<String> = renditions.map(|width| format!("{source}?width={width} {width}w")).collect();
    if !renditions.is_empty() && !img.has_attribute("srcset") {
        img.set_attribute("srcset", &format!("{}, {source} {}w", renditions.join(", "), image.width))?;
    }
    Ok(())
}
