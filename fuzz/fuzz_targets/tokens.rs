//! Any text may stand where a token does, in a header, a cookie or a path, and passes for none. So
//! may any header and any claims with a good signature, and any text in the other headers and
//! names that are read.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use http::request::Builder;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use libfuzzer_sys::fuzz_target;
use talelio::business::{Email, ImageAddress, PendingUpload, Slug, Timestamp, Username};
use talelio_fuzz::{Server, bounded, tokens};

const LEAST: Duration = Duration::from_millis(250);

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fuzz_target!(|text: &str| {
    let server = &*SERVER;
    bounded(text.len(), LEAST, || {
        for text in [text, &format!("Bearer {text}"), &format!("refresh_token={text}")] {
            for status in use_as_token(server, text) {
                assert!(status.is_client_error(), "{status}");
            }
        }
        let (head, claims) = text.split_once('\n').unwrap_or((tokens::HEADER, text));
        let token = tokens::sign(head, claims);
        for text in [&token, &format!("Bearer {token}"), &format!("refresh_token={token}")] {
            use_as_token(server, text);
        }
        read_headers(server, text);
        read_names(text);
    });
});

/// What the server answers to `text` in place of an access token, a refresh token and the token of
/// a link.
fn use_as_token(server: &Server, text: &str) -> Vec<StatusCode> {
    let mut requests: Vec<Builder> = Vec::new();
    if let Ok(value) = HeaderValue::from_str(text) {
        requests.push(Request::get("/v1/users/me/images").header(header::AUTHORIZATION, &value));
        requests.push(Request::post("/v1/accounts/token").header(header::COOKIE, value));
    }
    if let Ok(uri) = format!("/v1/accounts/verify/{text}").parse::<Uri>() {
        requests.push(Request::get(uri));
    }
    requests.into_iter().map(|request| server.call(request.body(Body::empty()).expect("a request")).status()).collect()
}

/// Asks for an image and an article with `text` in the headers that change what is sent.
fn read_headers(server: &Server, text: &str) {
    let Ok(value) = HeaderValue::from_str(text) else { return };
    for name in [header::RANGE, header::IF_NONE_MATCH, header::ACCEPT, header::ACCEPT_ENCODING, header::ORIGIN] {
        for path in [&server.image(), "/v1/articles/hello"] {
            let request = Request::get(path).header(&name, &value).header("x-request-id", &value);
            server.call(request.body(Body::empty()).expect("a request"));
        }
    }
}

/// What is accepted as a name or an address is the same when it is read again.
fn read_names(text: &str) {
    if let Ok(username) = text.parse::<Username>() {
        assert_eq!(username.to_string().parse::<Username>().ok(), Some(username));
    }
    if let Ok(email) = text.parse::<Email>() {
        assert_eq!(email.to_string().parse::<Email>().ok(), Some(email));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        assert_eq!(moment.to_string().parse::<Timestamp>().ok(), Some(moment));
    }
    if let Ok(upload) = text.parse::<PendingUpload>() {
        assert_eq!(upload.to_string(), text);
    }
    if let Some(address) = ImageAddress::parse(text, "https://api.talel.io") {
        assert_eq!(address.url("https://api.talel.io"), text);
    }
    let slug = Slug::from_title(text);
    assert_eq!(slug.to_string().parse::<Slug>().ok(), Some(slug));
}
