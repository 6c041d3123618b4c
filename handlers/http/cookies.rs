//! The refresh cookie (RFC 6265).

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

const NAME: &str = "refresh_token";

/// How long a browser keeps it, in seconds: as long as the token is good.
const MAX_AGE: u32 = 7 * 24 * 60 * 60;

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
    /// Sets the cookie to a token, and removes one of this host alone where there is a domain. A token
    /// has only characters that a cookie may have.
    pub(crate) fn set(&self, token: &str) -> HeaderMap {
        let cookie = self.cookie(token, MAX_AGE, self.domain.as_deref());
        match self.domain {
            None => headers([cookie]),
            Some(_) => headers([cookie, self.cookie("", 0, None)]),
        }
    }

    /// Removes the cookie: that of the domain, and that of this host alone, which
    /// a browser may still have from a time when no domain was set.
    pub(crate) fn remove(&self) -> HeaderMap {
        let host = self.cookie("", 0, None);
        match self.domain.as_deref() {
            None => headers([host]),
            domain => headers([self.cookie("", 0, domain), host]),
        }
    }

    fn cookie(&self, value: &str, max_age: u32, domain: Option<&str>) -> String {
        let secure = if self.secure { "; Secure; SameSite=Lax" } else { "" };
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        format!("{NAME}={value}; HttpOnly; Path=/; Max-Age={max_age}{secure}{domain}")
    }
}

fn headers<const N: usize>(cookies: [String; N]) -> HeaderMap {
    let values = cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok());
    values.map(|value| (SET_COOKIE, value)).collect()
}

/// The refresh tokens in the cookies of a request: a browser sends all that it has of the name. What other
/// cookies hold is no matter, also if it is no text.
pub(crate) fn refresh_tokens(headers: &HeaderMap) -> Vec<&str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    let values = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.filter(|value| !value.is_empty()).take(MAX_COOKIES).collect()
}
