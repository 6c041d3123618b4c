//! Frames: the players of video sites, whatever an author calls their addresses.

use std::sync::LazyLock;

use form_urlencoded::Serializer;
use url::Url;

/// What a player may do, however the author put it.
pub(super) const PERMISSIONS: &str =
    "accelerometer; autoplay; clipboard-write; encrypted-media; fullscreen; gyroscope; picture-in-picture; web-share";

/// Players refuse whoever does not say where they are.
pub(super) const REFERRER_POLICY: &str = "strict-origin-when-cross-origin";

/// What lets other scripts direct a player.
const REMOTE_CONTROL: [&str; 3] = ["enablejsapi", "origin", "widget_referrer"];

/// An address without a scheme is one of HTTPS.
static BASE: LazyLock<Url> = LazyLock::new(|| Url::parse("https://frame.invalid/").expect("a valid address"));

/// The address of a player, if `address` leads to one or to the page of a video.
pub(super) fn player(address: &str) -> Option<String> {
    let url = Url::options().base_url(Some(&BASE)).parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    match url.host_str()? {
        "youtube.com" | "www.youtube.com" | "m.youtube.com" | "music.youtube.com" => {
            youtube("www.youtube.com", &path, &url)
        }
        "youtube-nocookie.com" | "www.youtube-nocookie.com" => youtube("www.youtube-nocookie.com", &path, &url),
        "youtu.be" => match path[..] {
            [video] => youtube("www.youtube.com", &["embed", video], &url),
            _ => None,
        },
        "player.vimeo.com" | "vimeo.com" | "www.vimeo.com" => vimeo(&path, &url),
        _ => None,
    }
}

fn youtube(host: &str, path: &[&str], url: &Url) -> Option<String> {
    let asked = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let video = match *path {
        ["embed" | "v" | "e" | "shorts" | "live", video] => video.to_owned(),
        ["watch"] => asked("v")?,
        ["embed" | "playlist"] => asked("list").map(|_| "videoseries".to_owned())?,
        _ => return None,
    };
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if video.is_empty() || !is_name(&video) {
        return None;
    }
    let mut query = Serializer::new(String::new());
    for (name, value) in url.query_pairs() {
        match &*name {
            // The page of a video has other names for some things.
            "v" => {}
            "t" if asked("start").is_none() => {
                query.extend_pairs(seconds(&value).map(|seconds| ("start", seconds.to_string())));
            }
            name if REMOTE_CONTROL.contains(&name) => {}
            name => drop(query.append_pair(name, &value)),
        }
    }
    Some(with_query(format!("https://{host}/embed/{video}"), &query.finish()))
}

/// Seconds as the addresses of pages have them, such as `90`, `90s` or `1m30s`.
fn seconds(text: &str) -> Option<u32> {
    let mut seconds = 0_u32;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next();
        let factor = match unit {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some(_) => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[digits + usize::from(unit.is_some())..];
    }
    Some(seconds)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn vimeo(path: &[&str], url: &Url) -> Option<String> {
    let (video, unlisted) = match *path {
        [kind @ ("showcase" | "event"), number, "embed"] if is_number(number) => {
            return Some(format!("https://vimeo.com/{kind}/{number}/embed"));
        }
        ["video", video] | [video] | ["channels", _, video] => (video, None),
        // The second part opens a video that is on no list.
        [video, key] => (video, Some(key)),
        _ => return None,
    };
    let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_number(video) || !unlisted.is_none_or(is_key) {
        return None;
    }
    let mut query = Serializer::new(String::new());
    query.extend_pairs(unlisted.map(|key| ("h", key)));
    query.extend_pairs(url.query_pairs());
    let fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Some(with_query(format!("https://player.vimeo.com/video/{video}"), &query.finish()) + &fragment)
}

fn with_query(address: String, query: &str) -> String {
    if query.is_empty() { address } else { format!("{address}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_and_pages_of_videos_are_played() {
        for (address, played) in [
            ("https://www.youtube.com/embed/aB-_1?si=x&start=5", "https://www.youtube.com/embed/aB-_1?si=x&start=5"),
            ("//www.youtube.com/embed/x", "https://www.youtube.com/embed/x"),
            (" HTTP:\\\\YouTube.com\\embed\\x", "https://www.youtube.com/embed/x"),
            ("https://user:word@www.youtube.com:444/embed/x", "https://www.youtube.com/embed/x"),
            ("https://www.youtube-nocookie.com/embed/x?rel=0", "https://www.youtube-nocookie.com/embed/x?rel=0"),
            ("https://www.youtube.com/embed/a/../x", "https://www.youtube.com/embed/x"),
            ("https://m.youtube.com/watch?v=x&t=1m30s", "https://www.youtube.com/embed/x?start=90"),
            ("https://youtu.be/x?t=90", "https://www.youtube.com/embed/x?start=90"),
            ("https://www.youtube.com/shorts/x", "https://www.youtube.com/embed/x"),
            (
                "https://www.youtube.com/embed/videoseries?list=PL1",
                "https://www.youtube.com/embed/videoseries?list=PL1",
            ),
            ("https://www.youtube.com/playlist?list=PL1", "https://www.youtube.com/embed/videoseries?list=PL1"),
            (
                "https://www.youtube.com/embed?listType=playlist&list=PL1",
                "https://www.youtube.com/embed/videoseries?listType=playlist&list=PL1",
            ),
            ("https://www.youtube.com/embed/x?enablejsapi=1&origin=https://a.b", "https://www.youtube.com/embed/x"),
            ("https://player.vimeo.com/video/1?h=a1#t=5s", "https://player.vimeo.com/video/1?h=a1#t=5s"),
            ("http://vimeo.com/1/a1", "https://player.vimeo.com/video/1?h=a1"),
            ("https://youtu.be/x?t=90.5", "https://www.youtube.com/embed/x"),
            ("https://vimeo.com/showcase/1/embed", "https://vimeo.com/showcase/1/embed"),
            ("https://vimeo.com/channels/staffpicks/1", "https://player.vimeo.com/video/1"),
        ] {
            assert_eq!(player(address).as_deref(), Some(played), "{address}");
        }
    }

    #[test]
    fn nothing_else_is() {
        for address in [
            "https://www.youtube.com/embed/../../logout",
            "https://www.youtube.com/embed/%2e%2e/logout",
            "https://www.youtube.com/embed/",
            "https://www.youtube.com/embed/x/y",
            "https://www.youtube.com/redirect?q=https://evil.example/",
            "https://www.youtube.com.evil.example/embed/x",
            "https://evil.example/https://www.youtube.com/embed/x",
            "https://www.youtube.com@evil.example/embed/x",
            "javascript://www.youtube.com/embed/x%0aalert(1)",
            "data:text/html,x",
            "/embed/x",
            "https://vimeo.com/log_out",
            "",
        ] {
            assert_eq!(player(address), None, "{address}");
        }
    }
}
