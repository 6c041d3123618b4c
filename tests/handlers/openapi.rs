//! The document in which the API describes itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use http::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Request, TestApp};

/// Method, path and description of every operation.
fn operations(document: &Value) -> Vec<(Method, &str, &Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (method.to_uppercase().parse().unwrap(), path.as_str(), operation))
    });
    operations.collect()
}

#[tokio::test]
async fn every_operation_says_all_there_is_to_know() {
    let app = TestApp::start().await;
    let response = app.get("/v1/openapi.json").await;
    assert_eq!((response.status, response.header("content-type")), (StatusCode::OK, Some("application/json")));
    let document = response.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let said = |value: &Value, what: &str| {
        assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{what} does not say what it is");
    };
    let mut ids = HashSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        said(&operation["summary"], &name);
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            said(&parameter["description"], &format!("{name}: {}", parameter["name"]));
            assert!(parameter["schema"].is_object(), "{name}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            said(&response["description"], &format!("{name}: {status}"));
            if status.starts_with(['4', '5']) {
                let content = &response["content"]["application/json"];
                let schema = if status == "412" { "OtherVersion" } else { "Error" };
                assert_eq!(content["schema"]["$ref"], format!("#/components/schemas/{schema}"), "{name}: {status}");
                let examples = content["examples"].as_object().unwrap();
                assert!(!examples.is_empty(), "{name}: {status} has no example");
                for (sentence, example) in examples {
                    let error = &example["value"]["error"];
                    assert_eq!(
                        (error["message"].as_str(), error["status"].to_string()),
                        (Some(sentence.as_str()), status.clone())
                    );
                }
            }
        }
    }
}

/// All that the router knows is in the document, because no file adds a route in another
/// way; and whatever is in the document is known to the router.
#[tokio::test]
async fn every_route_is_in_the_document() {
    for folder in ["handlers/api", "handlers/pages"] {
        for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            for other_way in [".route(", ".route_service(", ".nest(", ".nest_service("] {
                let adds = std::fs::read_to_string(&source).unwrap().contains(other_way);
                assert!(!adds, "{other_way} in {} adds a route that is not documented", source.display());
            }
        }
    }
    let app = TestApp::start().await;
    let document = app.get("/v1/openapi.json").await.json();
    for (method, path, _) in operations(&document) {
        let path = path.replace("{username}", "nobody").replace("{file}", "x.png").replace(['{', '}'], "");
        let response = app.send(Request::new(method.clone(), &path)).await;
        assert_ne!(response.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        if response.status == StatusCode::NOT_FOUND {
            assert_ne!(response.refusal(404), "Route not found", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_page_shows_every_route_and_loads_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    let document = app.get("/v1/openapi.json").await.json();
    let page = app.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    let page = page.text();
    for (method, path, operation) in operations(&document) {
        assert!(page.contains(&format!("<code>{method} {path}</code></h3>")), "{method} {path}");
        assert!(page.contains(operation["summary"].as_str().unwrap()));
        let (before, _) = page.split_once(&format!("\"><code>{method} {path}</code></a>")).expect("a link to it");
        let anchor = before.rsplit("href=\"#").next().unwrap();
        assert!(page.contains(&format!("<h3 id=\"{anchor}\"")), "{anchor}");
    }
    for loads in ["<script", "<link", "<img", "@import", "url(", "<iframe"] {
        assert!(!page.contains(loads), "{loads}");
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The guard of a group is in the router, so no route of it can be without.
#[tokio::test]
async fn whatever_needs_an_access_token_refuses_who_has_none() {
    let app = TestApp::start().await;
    let document = app.get("/v1/openapi.json").await.json();
    let mut guarded = 0;
    for (method, path, operation) in operations(&document) {
        if operation["security"][0].get("access_token").is_none() {
            continue;
        }
        guarded += 1;
        let path = path.replace("{username}", "me").replace("{file}", "x.png");
        let response = app.send(Request::new(method, &path)).await;
        assert_eq!(response.refusal(403), "No authorization header provided", "{path}");
    }
    assert!(guarded > 0);
}
