//! The refresh cookie (RFC 6265).

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

const NAME: &str = "refresh_token";

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
        headers([self.cookie(token, "", self.domain.as_deref())])
    }

    /// Removes the cookie: that of the domain, and that of this host alone, which
    /// a browser may still have from a time when no domain was set.
    pub(crate) fn remove(&self) -> HeaderMap {
        let expired = "; Max-Age=0";
        let host = self.cookie("", expired, None);
        match self.domain.as_deref() {
            None => headers([host]),
            domain => headers([self.cookie("", expired, domain), host]),
        }
    }

    fn cookie(&self, value: &str, lifetime: &str, domain: Option<&str>) -> String {
        let secure = if self.secure { "; Secure; SameSite=Lax" } else { "" };
        let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
        format!("{NAME}={value}; HttpOnly; Path=/{lifetime}{secure}{domain}")
    }
}

fn headers<const N: usize>(cookies: [String; N]) -> HeaderMap {
    let values = cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok());
    values.map(|value| (SET_COOKIE, value)).collect()
}

/// The refresh token in the cookies of a request.
pub(crate) fn refresh_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == NAME && !value.is_empty()).map(|(_, value)| value)
}
