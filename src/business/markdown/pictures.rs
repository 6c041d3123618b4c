//! What a browser wants to know of a picture before it loads it: how large it will
//! be, and which copies of it there are.

use std::cell::RefCell;
use std::collections::HashMap;

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use crate::business::Image;

/// The addresses of the pictures in `html`, which the sanitiser wrote.
pub(in crate::business) fn sources(html: &str) -> Vec<String> {
    let sources = RefCell::new(Vec::new());
    let pictures = element!("img[src]", |picture| {
        sources.borrow_mut().extend(picture.get_attribute("src"));
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(pictures)).expect("nothing is changed");
    sources.into_inner()
}

/// `html` with the sizes and copies of the pictures whose addresses are known. What
/// its author wrote about a picture stays as it is.
pub(in crate::business) fn describe(html: &str, known: &HashMap<String, Image>) -> String {
    let pictures = element!("img[src]", |picture| {
        let source = picture.get_attribute("src").unwrap_or_default();
        if let Some(image) = known.get(&source) {
            describe_one(picture, &source, image)?;
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(pictures))
        .expect("what the sanitiser wrote is well-formed, and the handler sets fixed names")
}

type Written = Result<(), lol_html::errors::AttributeNameError>;

fn describe_one(picture: &mut Element<'_, '_>, source: &str, image: &Image) -> Written {
    if !picture.has_attribute("width") && !picture.has_attribute("height") {
        picture.set_attribute("width", &image.width.to_string())?;
        picture.set_attribute("height", &image.height.to_string())?;
    }
    let copies: Vec<String> = image.widths().map(|width| format!("{source}?width={width} {width}w")).collect();
    if !copies.is_empty() && !picture.has_attribute("srcset") {
        picture.set_attribute("srcset", &format!("{}, {source} {}w", copies.join(", "), image.width))?;
    }
    Ok(())
}
