//! What the document says of the API as a whole, and of every operation alike.

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, SecurityRequirement};

use crate::http::envelope::{Envelope, OtherVersionEnvelope};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "talel.io",
        description = "The publishing backend of talel.io: accounts, Markdown articles, images and projects.",
        license(name = "MIT", identifier = "MIT"),
    ),
    tags(
        (name = "accounts", description = "Who writes here. An access token is sent as `Authorization: Bearer <token>`."),
        (name = "users", description = "What they say of themselves."),
        (name = "articles", description = "What they publish."),
        (name = "projects", description = "What they have made."),
        (name = "images", description = "What they show."),
        (name = "operation", description = "For those who run the server or make clients of it."),
    ),
    components(schemas(Envelope, OtherVersionEnvelope)),
)]
struct Base;

/// The document without its operations.
fn base() -> OpenApi {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_default();
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    let cookie = ApiKey::Cookie(ApiKeyValue::new("refresh_token"));
    components.add_security_scheme("refresh_token", SecurityScheme::ApiKey(cookie));
    document
}

/// The document of groups of routes, each with the security scheme that its callers need,
/// in the order of the tags.
pub(crate) fn describe<const N: usize>(groups: [(OpenApi, Option<&str>); N]) -> OpenApi {
    let mut document = base();
    for (mut group, scheme) in groups {
        if let Some(scheme) = scheme {
            for operation in group.paths.paths.values_mut().flat_map(operations_mut) {
                operation.security = Some(vec![SecurityRequirement::new(scheme, [""; 0])]);
            }
        }
        document.merge(group);
    }
    let tags = document.tags.as_deref().unwrap_or_default();
    document.paths.paths.sort_by_cached_key(|_, item| {
        let PathItem { get, head, post, put, patch, delete, .. } = item;
        let mut operations = [get, head, post, put, patch, delete].into_iter().flatten();
        let tag = operations.find_map(|operation| operation.tags.as_ref()?.first());
        tags.iter().position(|known| Some(&known.name) == tag)
    });
    document
}

fn operations_mut(item: &mut PathItem) -> Vec<&mut Operation> {
    let PathItem { get, head, post, put, patch, delete, .. } = item;
    [get, head, post, put, patch, delete].into_iter().flatten().collect()
}

/// What is answered where an access token is needed.
const FORBIDDEN: &str = "`No authorization header provided`, `No authorization token provided`, \
    `Signature has expired`, `Signature verification failed`, `Invalid token`";

/// What is answered when nothing was done; with `Retry-After`.
const UNAVAILABLE: &str = "`Too busy, try again`, `Temporarily unavailable, try again`";

/// The document as JSON, with the error responses that operations share, and
/// an example of each.
pub(crate) fn with_shared_responses(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("a document is JSON");
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let changes_something = !matches!(method.as_str(), "get" | "head");
            for (status, sentences) in shared(path, changes_something, operation) {
                add(operation, status, sentences);
            }
            if let Some(responses) = operation["responses"].as_object_mut() {
                responses.sort_keys();
            }
            for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                if let Some(status) = status.parse().ok().filter(|status: &StatusCode| status.as_u16() >= 400) {
                    let schema = &response["content"]["application/json"]["schema"]["$ref"];
                    let schema = schema.as_str().unwrap_or(ERROR).to_owned();
                    let description = response["description"].as_str().unwrap_or_default();
                    response["content"] = error_content(status, description, &schema);
                    if let Some(retry_after) = retry_after(status) {
                        response["headers"] = json!({"Retry-After": retry_after});
                    }
                }
            }
        }
    }
    document
}

/// The error responses of an operation that come from what it is.
fn shared(path: &str, changes_something: bool, operation: &Value) -> Vec<(u16, &'static str)> {
    let mut shared = vec![(500, "`Internal server error`"), (503, UNAVAILABLE)];
    if changes_something {
        shared.extend([(503, "`The outcome is not known`"), (507, "`No room left`")]);
    }
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    if parameters.any(|parameter| parameter["name"] == "Idempotency-Key") {
        shared.push((400, "`Invalid Idempotency-Key, expected 1 to 255 visible ASCII characters`"));
        shared.push((422, "`The Idempotency-Key was used for another request`"));
    }
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
    if own.contains(sentences) {
        return;
    }
    let separator = if own.is_empty() { "" } else { ", " };
    response["description"] = format!("{own}{separator}{sentences}").into();
}

/// The header of a response to a request that may be sent again.
fn retry_after(status: StatusCode) -> Option<Value> {
    let (description, example) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("After how many seconds to try again.", 7),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("After how many seconds to try again; absent when the outcome is not known.", 1)
        }
        _ => return None,
    };
    Some(json!({"description": description, "schema": {"type": "integer", "minimum": 1}, "example": example}))
}

/// The schema of most error responses.
const ERROR: &str = "#/components/schemas/Error";

/// The content of an error response whose description has each of its sentences in backticks: those begin
/// with a capital.
fn error_content(status: StatusCode, description: &str, schema: &str) -> Value {
    let quoted = description.split('`').skip(1).step_by(2);
    let sentences = quoted.filter(|quoted| quoted.starts_with(char::is_uppercase) || quoted.starts_with('\''));
    let example = |sentence: &str| {
        let mut error = json!(Envelope::new(status, sentence));
        if status == StatusCode::PRECONDITION_FAILED {
            error["current"] = json!({"version": 8, "updated_at": "2026-03-14T15:09:26.535Z", "updated_by": "ada"});
        }
        (sentence.to_owned(), json!({"value": error}))
    };
    let examples: Map<_, _> = sentences.map(example).collect();
    json!({"application/json": {"schema": {"$ref": schema}, "examples": examples}})
}
