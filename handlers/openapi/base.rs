//! What the document says of the API as a whole, and of every operation alike.

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

use crate::http::envelope::Envelope;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "talel.io",
        description = "The publishing backend of talel.io: accounts, Markdown articles, images and projects.",
        license(name = "MIT", identifier = "MIT"),
    ),
    tags(
        (name = "accounts", description = "Who writes here. An access token is sent as `Authorization: Bearer <token>`."),
        (name = "articles", description = "What they publish."),
        (name = "projects", description = "What they have made."),
        (name = "images", description = "What they show."),
        (name = "operation", description = "For those who run the server or make clients of it."),
    ),
    components(schemas(Envelope)),
)]
struct Base;

/// The document without its operations.
pub(crate) fn base() -> OpenApi {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new("refresh_token"));
    components.add_security_scheme("refresh_token", SecurityScheme::ApiKey(cookie));
    document
}

/// What is answered where an access token is needed.
const FORBIDDEN: &str = "`No authorization header provided`, `No authorization token provided`, \
    `Signature has expired`, `Signature verification failed`, `Invalid token`";

/// The document as JSON, with the refusals that operations share, and with the
/// answers that each refusal can be.
pub(crate) fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("a document is JSON");
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            for (status, sentences) in shared(path, operation) {
                add(operation, status, sentences);
            }
            if let Some(responses) = operation["responses"].as_object_mut() {
                responses.sort_keys();
            }
            for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                if let Some(status) = status.parse().ok().filter(|status: &StatusCode| status.as_u16() >= 400) {
                    response["content"] = answers(status, response["description"].as_str().unwrap_or_default());
                }
            }
        }
    }
    document
}

/// What an operation may be refused for because of what it is.
fn shared(path: &str, operation: &Value) -> Vec<(u16, &'static str)> {
    let mut shared = vec![(500, "`Internal server error`"), (503, "`Too busy, try again`")];
    if path.contains('{') {
        shared.push((400, "`Invalid path`"));
    }
    if operation["security"][0].get("access_token").is_some() {
        shared.push((403, FORBIDDEN));
    }
    let body = &operation["requestBody"]["content"];
    if body.is_object() {
        shared.extend([(408, "`Request body took too long`"), (413, "`Request body too large`")]);
    }
    if body.get("application/json").is_some() {
        shared.push((400, "`Malformed JSON in request body`, `Expected a JSON object`"));
        shared.push((415, "`Expected a body of type application/json`"));
    }
    shared
}

/// Adds sentences to those that the operation has for a status.
fn add(operation: &mut Value, status: u16, sentences: &str) {
    let response = &mut operation["responses"][status.to_string()];
    let own = response["description"].as_str().unwrap_or_default();
    let separator = if own.is_empty() { "" } else { ", " };
    response["description"] = format!("{own}{separator}{sentences}").into();
}

/// The content of a refusal whose description has each of its sentences in backticks.
fn answers(status: StatusCode, description: &str) -> Value {
    let sentences = description.split('`').skip(1).step_by(2);
    let example = |sentence: &str| (sentence.to_owned(), json!({"value": Envelope::new(status, sentence)}));
    let examples: Map<_, _> = sentences.map(example).collect();
    json!({"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}})
}
