//! Requests as tests write them, responses as tests read them, and the client between.

use std::sync::Once;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// A request as a test writes it.
pub struct Request {
    pub method: Method,
    /// With its query.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }
}

/// An answer as a test reads it.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("a body of UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("a body of JSON, not {:?}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of ASCII"))
    }

    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The message of an error answer, after a look at everything around it.
    pub fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()));
        let error = self.json()["error"].clone();
        let message = error["message"].as_str().expect("a message").to_owned();
        let reason = self.status.canonical_reason().unwrap();
        assert_eq!(error, json!({"status": status, "type": reason, "message": message}));
        message
    }
}

/// An HTTP client. TLS is ring's, as in the program.
pub fn client() -> reqwest::Client {
    client_builder().build().expect("nothing is asked of it that it cannot do")
}

pub fn client_builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().expect("nobody else has"));
    // Where an answer leads is for a test to look at.
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}

/// Sends a request over HTTP.
pub async fn send(client: &reqwest::Client, base_url: &str, request: Request) -> reqwest::Result<Response> {
    let mut outgoing = client.request(request.method, format!("{base_url}{}", request.path));
    for (name, value) in request.headers {
        outgoing = outgoing.header(name, value);
    }
    let response = outgoing.body(request.body).send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
}
