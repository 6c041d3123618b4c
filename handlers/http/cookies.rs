//! The refresh cookie (RFC 6265).

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use talelio::business::REFRESH_SECONDS;

const NAME: &str = "refresh_token";

/// How many cookies of the name are looked at: those of other hosts of the domain, or of before.
const MAX_COOKIES: usize = 4;

/// How the cookie is set here.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieSettings {
    /// `Secure` and `SameSite=Lax`: everywhere but on a developer's machine.
    pub(crate) secure: bool,
    /// Which hosts get it; only the one that set it when absent.
    pub(crate) domain: Option<String>,
}

impl CookieSettings {
    /// Sets the cookie to a token. A token has only characters that a cookie may have.
    pub(crate) fn set(&self, token: &str) -> HeaderMap {
        self.headers(token, REFRESH_SECONDS)
    }

    /// Removes the cookie.
    pub(crate) fn remove(&self) -> HeaderMap {
        self.headers("", 0)
    }

    /// The cookie, and where it is that of a domain, the end of one of this host alone, which a browser
    /// may still have from a time when no domain was set.
    fn headers(&self, value: &str, max_age: u32) -> HeaderMap {
        let of_host_alone = self.domain.as_ref().map(|_| self.cookie("", 0, None));
        let cookies = std::iter::once(self.cookie(value, max_age, self.domain.as_deref())).chain(of_host_alone);
        cookies.filter_map(|cookie| Some((SET_COOKIE, HeaderValue::from_str(&cookie).ok()?))).collect()
    }

    fn cookie(&self, value: &str, max_age: u32, domain: Option<&str>) -> String {
        let secure = if self.secure { "; Secure; SameSite=Lax" } else { "" };
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        format!("{NAME}={value}; HttpOnly; Path=/; Max-Age={max_age}{secure}{domain}")
    }
}

/// The refresh tokens in the cookies of a request: a browser sends all that it has of the name. What other
/// cookies hold is no matter, also if it is no text.
pub(crate) fn refresh_tokens(headers: &HeaderMap) -> Vec<&str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    let values = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.filter(|value| !value.is_empty()).take(MAX_COOKIES).collect()
}
