//! The arrows between the layers inside the library:
//!
//! ```text
//! Business (src/business/)  ◄──  Database (src/database/)
//!                           ◄──  Mail     (src/mail/)
//!                           ◄──  Objects  (src/objects/)
//! ```

use std::fs;
use std::path::{Path, PathBuf};

const HTTP: [&str; 8] = ["axum", "http", "hyper", "hyper_util", "lambda_http", "lambda_runtime", "tower", "tower_http"];
const AWS: [&str; 5] =
    ["aws_config", "aws_sdk_dynamodb", "aws_smithy_http_client", "aws_smithy_runtime_api", "aws_smithy_types"];
const STORAGE: [&str; 3] = ["dynoxide", "serde_dynamo", "rusqlite"];

/// The names of `forbidden` that a source uses as the start of a path.
fn used<'f>(source: &str, forbidden: &[&'f str]) -> Vec<&'f str> {
    let code: String =
        source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let starts_a_path = |name: &&&str| {
        let path = format!("{name}::");
        code.match_indices(&path).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
        })
    };
    forbidden.iter().filter(starts_a_path).copied().collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

fn assert_names_none(layer: &str, forbidden: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(layer);
    let sources = sources(&folder);
    assert!(!sources.is_empty());
    for path in sources {
        let source = fs::read_to_string(&path).unwrap();
        assert_eq!(used(&source, forbidden), [""; 0], "in {}", path.display());
    }
}

#[test]
fn business_knows_neither_http_nor_aws_nor_the_layers_around_it() {
    let layers = ["crate::database", "crate::mail", "crate::objects", "lettre", "object_store"];
    assert_names_none("business", &[&HTTP[..], &AWS, &STORAGE, &layers].concat());
}

#[test]
fn database_knows_neither_http_nor_mail() {
    assert_names_none("database", &[&HTTP[..], &["crate::mail", "crate::objects", "lettre", "object_store"]].concat());
}

#[test]
fn mail_knows_neither_http_nor_storage() {
    assert_names_none("mail", &[&HTTP[..], &AWS, &STORAGE, &["crate::database", "crate::objects"]].concat());
}

#[test]
fn objects_know_neither_the_table_nor_mail() {
    assert_names_none(
        "objects",
        &[&["axum", "lambda_http", "crate::database", "crate::mail", "lettre"][..], &STORAGE].concat(),
    );
}

#[test]
fn what_is_forbidden_is_found() {
    let source = "use axum::Router;\n// use hyper::x;\nfn f() -> aws_types::http::X { crate::database::y() }";
    assert_eq!(used(source, &["axum", "hyper", "http", "crate::database"]), ["axum", "crate::database"]);
}
