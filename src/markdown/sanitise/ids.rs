//! Names of elements that could stand for something else in a page.
//!
//! A browser makes each `id` a property of `window`, and finds elements by it, the first one first.
//! So a script of the page that asks whether it has a `config` could be given an author's element,
//! and a framework that looks for its data could be given an author's text.

/// Words that are names in browsers (`window`, `document`, elements, JavaScript) or of what pages
/// usually bring along. Those of several words are told by [how they are written](is_taken).
const NAMES: &[&str] = &[
    "action",
    "after",
    "alert",
    "all",
    "anchors",
    "animate",
    "app",
    "append",
    "applets",
    "arguments",
    "atob",
    "attributes",
    "before",
    "blur",
    "body",
    "btoa",
    "caches",
    "children",
    "chrome",
    "clear",
    "close",
    "closed",
    "closest",
    "confirm",
    "config",
    "configuration",
    "console",
    "constructor",
    "contains",
    "cookie",
    "crypto",
    "define",
    "dir",
    "doctype",
    "document",
    "domain",
    "elements",
    "embeds",
    "env",
    "escape",
    "eval",
    "event",
    "evaluate",
    "exports",
    "external",
    "fbq",
    "fence",
    "fetch",
    "find",
    "focus",
    "fonts",
    "forms",
    "frames",
    "ga",
    "global",
    "gtag",
    "head",
    "hidden",
    "history",
    "images",
    "implementation",
    "jquery",
    "length",
    "links",
    "location",
    "locationbar",
    "matches",
    "menubar",
    "method",
    "module",
    "name",
    "navigation",
    "navigator",
    "next",
    "normalize",
    "open",
    "opener",
    "opr",
    "origin",
    "parent",
    "performance",
    "personalbar",
    "plugins",
    "prepend",
    "print",
    "process",
    "prompt",
    "prototype",
    "referrer",
    "remove",
    "require",
    "reset",
    "root",
    "safari",
    "scheduler",
    "screen",
    "scripts",
    "scroll",
    "scrollbars",
    "self",
    "session",
    "settings",
    "state",
    "status",
    "statusbar",
    "stop",
    "store",
    "submit",
    "timeline",
    "title",
    "toolbar",
    "top",
    "undefined",
    "unescape",
    "user",
    "window",
    "write",
    "writeln",
];

/// Whether a name of an element could be taken for something of the page. Headings are named after their
/// titles, which are words in lower case, or numbers after a `_`.
pub(super) fn is_taken(element: &str, id: &str) -> bool {
    let is_heading = matches!(element, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let is_identifier = id.chars().all(|c| c.is_alphanumeric() || "_$".contains(c));
    let begins = |test: fn(char) -> bool| id.starts_with(test);
    // `dataLayer`, `__NEXT_DATA__`, `$`.
    let is_written_so = is_identifier && !begins(char::is_uppercase) && id.contains(char::is_uppercase);
    let is_hidden = begins(|c| "_$".contains(c)) && !id[1..].starts_with(|c: char| c.is_ascii_digit());
    let is_handler = id.strip_prefix("on").is_some_and(|event| EVENTS.contains(&event));
    let is_of_a_framework = FRAMEWORKS.iter().any(|name| id.starts_with(name));
    is_written_so || is_of_a_framework || !is_heading && (is_hidden || is_handler || NAMES.contains(&id))
}

/// How names begin that frameworks and counters of visits ask a page for, so that no title may be one.
const FRAMEWORKS: [&str; 6] = ["__next", "__nuxt", "__remix", "_paq", "fbq", "gtag"];

/// Of `onclick` and the like, what follows the `on`.
const EVENTS: &[&str] = &[
    "abort", "blur", "change", "click", "close", "error", "focus", "input", "load", "message", "offline", "online",
    "reset", "resize", "scroll", "search", "select", "storage", "submit", "toggle", "unload", "wheel",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_script_could_ask_for_is_taken() {
        for id in
            ["location", "getElementById", "__NEXT_DATA__", "__proto__", "dataLayer", "$", "onclick", "gtag", "config"]
        {
            assert!(is_taken("p", id), "{id}");
        }
        for id in ["__NEXT_DATA__", "dataLayer", "__next_f", "gtag"] {
            assert!(is_taken("h1", id), "{id}");
        }
    }

    #[test]
    fn what_authors_name_is_free() {
        for id in ["own", "fn:1", "the-heading_1", "_1", "Introduction", "räksmörgås", "on-time", "2", ""] {
            assert!(!is_taken("p", id), "{id}");
        }
        for id in ["location", "__init__", "history"] {
            assert!(!is_taken("h2", id), "{id}");
        }
    }
}
