//! The refresh cookie (RFC 6265).

use axum::extract::FromRequestParts;
use http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::app::App;
use crate::http::envelope::ApiError;

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

/// That a request is not one that a browser makes for another website: it would set or use a cookie of
/// whoever looks at that.
pub(crate) struct OwnSite;

impl FromRequestParts<App> for OwnSite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let is_own = match headers.get(ORIGIN) {
            Some(origin) => is_own(origin, headers.get(HOST), app),
            // A browser that says so sends an origin with all but what it opens by itself.
            None => headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site"),
        };
        let refused = || ApiError::rejected(StatusCode::FORBIDDEN, "Requests of other websites are not accepted");
        if is_own { Ok(Self) } else { Err(refused()) }
    }
}

/// Whether an origin is one of the operator's sites, or this API itself.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>, app: &App) -> bool {
    let origin_host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host.as_bytes());
    let is_this = |host: &HeaderValue| origin_host == Some(host.as_bytes());
    app.cors_origins.contains(origin) || host.is_some_and(is_this) || app.api_base_url.as_bytes() == origin.as_bytes()
}

/// The refresh tokens in the cookies of a request: a browser sends all that it has of the name. What other
/// cookies hold is no matter, also if it is no text.
pub(crate) fn refresh_tokens(headers: &HeaderMap) -> Vec<&str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    let values = pairs.filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.filter(|value| !value.is_empty()).take(MAX_COOKIES).collect()
}
