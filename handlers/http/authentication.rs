//! Who a request speaks for, and which website sends it.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use talelio::business::{Fault, Session};

use crate::app::App;
use crate::http::envelope::ApiError;

/// The user whom the access token of a request speaks for. Only there behind
/// [`require_user`].
#[derive(Clone)]
pub(crate) struct AuthenticatedUser(pub(crate) Session);

/// The guard of a group of routes: lets through who has an access token.
pub(crate) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let user = authenticate(&app, request.headers())?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

fn authenticate(app: &App, headers: &HeaderMap) -> Result<AuthenticatedUser, ApiError> {
    let forbidden = |reason: &str| ApiError::rejected(StatusCode::FORBIDDEN, reason);
    let header = headers.get(AUTHORIZATION).ok_or_else(|| forbidden("No authorization header provided"))?;
    let header = header.to_str().map_err(|_| forbidden("Invalid authorization header"))?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(forbidden("Expected a bearer token"));
    }
    match token.trim() {
        "" => Err(forbidden("No authorization token provided")),
        token => Ok(AuthenticatedUser(app.accounts.authenticate(token)?)),
    }
}

/// The user whom a request speaks for that anybody may make. One whose token is not good any more
/// is anybody.
pub(crate) struct Reader(pub(crate) Option<Session>);

impl FromRequestParts<App> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(authenticate(app, &parts.headers).ok().map(|AuthenticatedUser(session)| session)))
    }
}

impl<S: Sync> FromRequestParts<S> for AuthenticatedUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let user = parts.extensions.get().cloned();
        user.ok_or_else(|| Fault::failed("the route asks for a user and stands behind no guard").into())
    }
}

/// That a request is not one that a browser makes for another website: it would set or use a cookie of
/// whoever looks at that.
pub(crate) struct OwnSite;

impl FromRequestParts<App> for OwnSite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let is_own = match headers.get(ORIGIN) {
            Some(origin) => is_own(origin, host(parts), app),
            // A browser that says so sends an origin with all but what it opens by itself.
            None => headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site"),
        };
        let refused = || ApiError::rejected(StatusCode::FORBIDDEN, "Requests of other websites are not accepted");
        if is_own { Ok(Self) } else { Err(refused()) }
    }
}

/// The host that a request is for, without its port, which proxies drop. HTTP/2 has it in the address.
fn host(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| parts.uri.authority().map(Authority::as_str)).map(without_port)
}

fn without_port(host: &str) -> &str {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
}

/// Whether an origin is one of the operator's sites, or this API itself.
fn is_own(origin: &HeaderValue, host: Option<&str>, app: &App) -> bool {
    let text = origin.to_str().unwrap_or_default();
    let of_web = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_this = of_web.is_some() && of_web.map(without_port) == host;
    app.cors_origins.contains(origin) || is_this || app.api_base_url == text
}
