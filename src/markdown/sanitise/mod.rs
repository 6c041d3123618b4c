//! What an author may put into a reader's browser.

mod allowed;
mod frames;
mod ids;
mod links;
mod styles;

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use lol_html::errors::AttributeNameError;
use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, element, rewrite_str};

use self::links::Site;
pub(super) use self::links::is_address_of_web;
use super::math;

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(allowed::sanitiser);

static ALLOWED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| SANITISER.clone_tags());

/// Whether an author may use the element `name` anywhere: not those of formulas.
pub(super) fn allows(name: &str) -> bool {
    ALLOWED.contains(name) && name != "math" && !math::ELEMENTS.contains(&name)
}

/// A piece of HTML without anything that could run or load what it should not.
pub(super) fn fragment(html: &str) -> String {
    SANITISER.clean(html).to_string()
}

/// The HTML of an article: sanitised, images loaded as they come into view, links that leave
/// `site_base_url` opened beside it, players told what they may do.
pub(super) fn article(html: &str, site_base_url: &str) -> String {
    let site = Site::new(site_base_url);
    let images = element!("img", |image| Ok(image.set_attribute("loading", "lazy")?));
    let links = element!("a[href], area[href]", |link| {
        if attribute(link, "href").is_some_and(|href| site.is_left_by(&href)) {
            let relations = links::relations_of_leaving(attribute(link, "rel"));
            link.set_attribute("target", "_blank")?;
            link.set_attribute("rel", &relations)?;
        }
        Ok(())
    });
    let frames = element!("iframe", |frame| {
        if frame.has_attribute("src") {
            frame.set_attribute("allow", frames::PERMISSIONS)?;
            frame.set_attribute("referrerpolicy", frames::REFERRER_POLICY)?;
        } else {
            // One whose source was not allowed is an empty box.
            frame.remove();
        }
        Ok(())
    });
    // What is wider than a phone is told to shrink there, in its proportions.
    let wide = element!("[width]", |element| {
        let name = element.tag_name();
        let width = element.get_attribute("width").and_then(|width| width.trim_end_matches("px").parse::<f32>().ok());
        if allowed::SHRINKS.contains(&name.as_str()) && width.is_some_and(|width| width > styles::PHONE) {
            let how = if name == "img" { "max-width: 100%; height: auto" } else { "max-width: 100%" };
            let style = styles::shrunk(how, &attribute(element, "style").unwrap_or_default());
            set_style(element, &style)?;
        }
        Ok(())
    });
    // The boxes of task lists, which nobody can tick here.
    let inputs = element!("input", |input| {
        match input.get_attribute("type").as_deref() {
            Some("checkbox") => input.set_attribute("disabled", "")?,
            _ => input.remove(),
        }
        Ok(())
    });
    let settings = [images, links, frames, wide, inputs]
        .into_iter()
        .fold(RewriteStrSettings::new(), RewriteStrSettings::append_element_content_handler);
    rewrite_str(&fragment(html), settings)
        .expect("what the sanitiser wrote is well-formed, and the handlers set fixed names")
}

/// Says how an element looks. Of what has to be escaped in an attribute, quotes are by whoever writes it.
pub(super) fn set_style(element: &mut Element<'_, '_>, style: &str) -> Result<(), AttributeNameError> {
    element.set_attribute("style", &style.replace('&', "&amp;"))
}

/// What an attribute that the sanitiser wrote says.
pub(super) fn attribute(element: &Element<'_, '_>, name: &str) -> Option<String> {
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", "\u{a0}"), ("&amp;", "&")];
    let value = element.get_attribute(name)?;
    Some(escapes.iter().fold(value, |value, (escape, character)| value.replace(escape, character)))
}
