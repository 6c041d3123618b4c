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

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .add_tags(["iframe", "video", "audio", "source", "track", "picture", "section", "main", "tfoot"])
        .add_generic_attributes(["id", "class", "dir", "style"])
        .add_generic_attribute_prefixes(["data-"])
        .filter_style_properties(HashSet::from(["text-align"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
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
        ("details", &["open"]),
    ]);
    for (tag, names) in attributes {
        builder.add_tag_attributes(tag, names);
    }
    builder
});

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
    let settings = [images, links, frames]
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
