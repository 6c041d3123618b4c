//! What an author may put into a reader's browser.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;
use lol_html::{RewriteStrSettings, element, rewrite_str};

/// Where frames may come from: the players of video sites.
const FRAME_SOURCES: [&str; 4] = [
    "https://www.youtube.com/embed/",
    "https://www.youtube-nocookie.com/embed/",
    "https://player.vimeo.com/video/",
    "https://youtube.com/embed/",
];

const MEDIA: &[&str] =
    &["src", "controls", "autoplay", "loop", "muted", "playsinline", "poster", "preload", "width", "height"];

/// The properties that an author may set: what changes how a thing looks, where
/// it stands, and nothing else on the page.
const STYLES: [&str; 30] = [
    "background-color",
    "border",
    "border-color",
    "border-radius",
    "border-style",
    "border-width",
    "clear",
    "color",
    "float",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "padding",
    "text-align",
    "text-decoration",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
];

/// A style as it stands if all of it is safe, otherwise what of it is.
fn safe_style(style: &str) -> Option<Cow<'_, str>> {
    // No quotes, no brackets and no backslashes: nothing is loaded, nothing escaped.
    let safe = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || " #%.,-!".contains(c));
    let known = |declaration: &&str| {
        declaration
            .split_once(':')
            .is_some_and(|(name, value)| STYLES.contains(&name.trim().to_ascii_lowercase().as_str()) && safe(value))
    };
    let declarations: Vec<&str> = style.split(';').filter(|declaration| !declaration.trim().is_empty()).collect();
    let allowed: Vec<&str> = declarations.iter().copied().filter(known).collect();
    match allowed.len() {
        0 => None,
        count if count == declarations.len() => Some(style.into()),
        _ => Some(allowed.join(";").into()),
    }
}

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .add_tags(["iframe", "video", "audio", "source", "track", "picture", "section", "main", "tfoot", "input"])
        .add_generic_attributes(["id", "class", "dir", "hidden", "style"])
        .add_generic_attribute_prefixes(["data-"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            (_, "style") => safe_style(value),
            ("iframe", "src") if !FRAME_SOURCES.iter().any(|source| value.starts_with(source)) => None,
            _ => Some(Cow::Borrowed(value)),
        });
    let attributes: HashMap<&str, &[&str]> = HashMap::from([
        ("iframe", &["src", "width", "height", "allow", "allowfullscreen", "frameborder", "loading"][..]),
        ("video", MEDIA),
        ("audio", MEDIA),
        ("source", &["src", "srcset", "type", "media", "sizes"]),
        ("track", &["src", "kind", "srclang", "label", "default"]),
        ("img", &["srcset", "sizes", "loading", "decoding"]),
        ("a", &["target", "rel", "download"]),
        ("ol", &["type", "reversed"]),
        ("input", &["type", "disabled", "checked"]),
        ("details", &["open"]),
    ]);
    for (tag, names) in attributes {
        builder.add_tag_attributes(tag, names);
    }
    builder
});

static ALLOWED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| SANITISER.clone_tags());

/// Whether an author may use the element `name`.
pub(super) fn allows(name: &str) -> bool {
    ALLOWED.contains(name)
}

/// A piece of HTML without anything that could run or load what it should not.
pub(super) fn fragment(html: &str) -> String {
    SANITISER.clean(html).to_string()
}

/// The HTML of an article: sanitised, images loaded as they come into view,
/// links that leave `site_base_url` opened beside it.
pub(super) fn article(html: &str, site_base_url: &str) -> String {
    let images = element!("img", |image| Ok(image.set_attribute("loading", "lazy")?));
    let links = element!("a[href]", |link| {
        if link.get_attribute("href").is_some_and(|href| leaves(&href, site_base_url)) {
            link.set_attribute("target", "_blank")?;
            link.set_attribute("rel", "noopener")?;
        }
        Ok(())
    });
    // A frame whose source was not allowed is an empty box.
    let frames = element!("iframe:not([src])", |frame| {
        frame.remove();
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
    let settings = [images, links, frames, inputs]
        .into_iter()
        .fold(RewriteStrSettings::new(), RewriteStrSettings::append_element_content_handler);
    rewrite_str(&fragment(html), settings)
        .expect("what the sanitiser wrote is well-formed, and the handlers set fixed names")
}

/// Whether a link leads to another site.
fn leaves(href: &str, site_base_url: &str) -> bool {
    let absolute = href.starts_with("http://") || href.starts_with("https://") || href.starts_with("//");
    let own = href.strip_prefix(site_base_url).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#', '?']));
    absolute && !own
}
