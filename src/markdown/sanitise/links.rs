//! Links that leave the site, as a browser reads their addresses (WHATWG URL).

use std::borrow::Cow;

use url::{Origin, ParseError, Url};

/// What a link may say of where it leads. `opener` would give the other page a hold on ours.
const RELATIONS: [&str; 14] = [
    "author",
    "bookmark",
    "external",
    "help",
    "license",
    "me",
    "next",
    "nofollow",
    "noopener",
    "noreferrer",
    "prev",
    "sponsored",
    "tag",
    "ugc",
];

/// The site whose pages links are on.
pub(super) struct Site {
    base: Url,
    origin: Origin,
}

impl Site {
    /// The site at an address; without a valid one, every absolute link leaves it.
    pub(super) fn new(base_url: &str) -> Self {
        let elsewhere = || Url::parse("https://site.invalid/").expect("a valid address");
        let base = Url::parse(base_url).ok().filter(Url::has_host).unwrap_or_else(elsewhere);
        Self { origin: base.origin(), base }
    }

    /// Whether a link leads to another site.
    pub(super) fn is_left_by(&self, href: &str) -> bool {
        match Url::options().base_url(Some(&self.base)).parse(href) {
            Ok(url) => matches!(url.scheme(), "http" | "https") && url.origin() != self.origin,
            // Nobody knows what a browser makes of it.
            Err(_) => true,
        }
    }
}

/// Whether an address is one of the web, or of this site.
pub(in crate::markdown) fn is_address_of_web(address: &str) -> bool {
    has_scheme(address, &["http", "https"])
}

/// Whether an address may be named: one of the web, of mail or of the telephone, or of this site.
pub(super) fn is_harmless(address: &str) -> bool {
    has_scheme(address, &["http", "https", "mailto", "tel"])
}

/// Whether an address has one of these schemes, or that of the page that it is on.
fn has_scheme(address: &str, schemes: &[&str]) -> bool {
    match Url::parse(address) {
        Ok(url) => schemes.contains(&url.scheme()),
        Err(error) => error == ParseError::RelativeUrlWithoutBase,
    }
}

/// The harmless part of what an author says of where a link leads.
pub(super) fn relations(rel: &str) -> Option<Cow<'_, str>> {
    let all = rel.split_ascii_whitespace();
    let known: Vec<_> = all.filter(|name| RELATIONS.contains(&&*name.to_ascii_lowercase())).collect();
    (!known.is_empty()).then(|| known.join(" ").into())
}

/// What a link that leaves the site says of where it leads.
pub(super) fn relations_of_leaving(rel: Option<String>) -> String {
    match rel {
        Some(rel) if rel.split(' ').any(|name| name.eq_ignore_ascii_case("noopener")) => rel,
        Some(rel) => format!("noopener {rel}"),
        None => "noopener".to_owned(),
    }
}
