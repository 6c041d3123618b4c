//! The document for people: a table of the routes and a section for each, in Markdown,
//! which is what `docs/api.md` has and what `/docs` renders. The README has the table.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Extension;
use axum::response::Response;
use serde_json::{Map, Value};
use talelio::markdown;

use super::html::html;
use crate::openapi::Document;

/// Browse this API
///
/// The same document for people.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "operation",
    responses((status = 200, description = "A page.", body = str, content_type = "text/html"))
)]
pub(super) async fn reference(Extension(document): Extension<Arc<Document>>) -> Response {
    html(document.html(page))
}

/// The link to a heading as our Markdown names it, which is never by a `-` at the end.
fn page_link(anchor: &str) -> String {
    format!("#{}", anchor.trim_end_matches('-'))
}

/// The page at `/docs`.
fn page(document: &Value) -> String {
    let info = |key: &str| document["info"][key].as_str().unwrap_or_default();
    let mut text = format!("# {}\n\n{}\n\n{}", info("title"), info("description"), table(document, page_link));
    for operation in operations(document) {
        text += &operation.section(document);
    }
    // The only text that is rendered here is our own.
    let rendered = markdown::render(&text, "").map(|rendered| rendered.html).unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{} API</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n{rendered}</body>\n</html>\n",
        info("title"),
        include_str!("style.css"),
    )
}

/// `docs/api.md`: the table of all routes, and a section for each.
#[cfg(test)]
fn markdown_page(document: &Value) -> String {
    let sections: String = operations(document).map(|operation| operation.section(document)).collect();
    format!(
        "# API\n\nWritten by `make docs`.\n\n{}{}\n",
        table(document, |anchor| format!("#{anchor}")),
        sections.trim_end()
    )
}

/// `link` makes a link of the anchor that GitHub gives the heading of a route.
fn table(document: &Value, link: impl Fn(&str) -> String) -> String {
    let mut table = "| Route | Does | Needs |\n| --- | --- | --- |\n".to_owned();
    for operation in operations(document) {
        let Operation { method, path, details } = &operation;
        let needs = operation.needs(document).join("; ");
        let anchor = format!("{method} {path}").to_lowercase().replace(' ', "-").replace(['/', '{', '}', '.'], "");
        let _ = writeln!(table, "| [`{method} {path}`]({}) | {} | {needs} |", link(&anchor), text(&details["summary"]));
    }
    table + "\n"
}

/// An operation and where it stands in the document.
struct Operation<'d> {
    method: String,
    path: &'d str,
    details: &'d Value,
}

fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(move |(method, details)| Operation { method: method.to_uppercase(), path, details })
    })
}

impl Operation<'_> {
    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.details["parameters"].as_array().into_iter().flatten()
    }

    fn parameter_list(&self) -> String {
        let line =
            |parameter: &Value| format!("- `{}`: {}\n", text(&parameter["name"]), text(&parameter["description"]));
        let lines: String = self.parameters().map(line).collect();
        if lines.is_empty() { lines } else { format!("Parameters:\n\n{lines}\n") }
    }

    /// The keys of a body of JSON, a line each; those of the first kind, if there are several.
    fn body_list(&self, document: &Value) -> String {
        let schema = resolve(document, &self.details["requestBody"]["content"]["application/json"]["schema"]);
        let either = schema["oneOf"].as_array().into_iter().flatten().find(|schema| schema["type"] != "null");
        let schema = either.map_or(schema, |first| resolve(document, first));
        let keys = schema["properties"].as_object().into_iter().flatten();
        let line = |(key, part): (&String, &Value)| format!("- `{key}`: {}\n", text(&part["description"]));
        let lines: String = keys.map(line).collect();
        if lines.is_empty() { lines } else { format!("Body:\n\n{lines}\n") }
    }

    /// What the headers of a success say, a line each.
    fn header_list(&self) -> String {
        let success = self.details["responses"].as_object().into_iter().flatten().next();
        let headers = success.and_then(|(_, response)| response["headers"].as_object()).into_iter().flatten();
        let line = |(name, header): (&String, &Value)| format!("- `{name}`: {}\n", text(&header["description"]));
        let lines: String = headers.map(line).collect();
        if lines.is_empty() { lines } else { format!("Headers:\n\n{lines}\n") }
    }

    /// The error responses, each with its reasons.
    fn error_responses(&self) -> String {
        let responses = self.details["responses"].as_object().into_iter().flatten();
        let errors = responses.filter(|(status, _)| status.starts_with(['4', '5']));
        let line = |(status, response): (&String, &Value)| format!("- {status}: {}\n", text(&response["description"]));
        let lines: String = errors.map(line).collect();
        if lines.is_empty() { lines } else { format!("Errors:\n\n{lines}\n") }
    }

    /// What a request has to bring along.
    fn needs(&self, document: &Value) -> Vec<String> {
        let mut needs = Vec::new();
        for (scheme, name) in [("access_token", "an access token"), ("refresh_token", "the refresh cookie")] {
            if self.details["security"][0].get(scheme).is_some() {
                needs.push(name.to_owned());
            }
        }
        let keys = |content: &Value| -> Vec<_> {
            let schema = resolve(document, &content["schema"]);
            let schema = schema["oneOf"].get(0).map_or(schema, |first| resolve(document, first));
            schema["required"].as_array().into_iter().flatten().map(|key| format!("`{}`", text(key))).collect()
        };
        let body = &self.details["requestBody"]["content"];
        let keys = body.get("application/json").map(|content| keys(content).join(", "));
        needs.extend(keys.filter(|keys| !keys.is_empty()));
        needs.extend(body.get("multipart/form-data").map(|_| "files".to_owned()));
        needs
    }

    /// The operation with a command that calls it, what that prints, and what may go wrong.
    fn section(&self, document: &Value) -> String {
        let Self { method, path, details } = self;
        let (summary, description) = (text(&details["summary"]), text(&details["description"]));
        let command = self.command(document);
        let success = details["responses"].as_object().into_iter().flatten().next();
        let answer = success.map(|(status, response)| answer(document, status, response)).unwrap_or_default();
        format!(
            "### `{method} {path}`\n\n{}\n\n{}{}```sh\n{command}\n```\n\n{answer}{}{}",
            format!("{summary}. {description}").trim_end(),
            self.parameter_list(),
            self.body_list(document),
            self.header_list(),
            self.error_responses()
        )
    }

    /// Whether a success leaves a cookie behind.
    fn sets_cookie(&self) -> bool {
        let mut responses = self.details["responses"].as_object().into_iter().flatten();
        responses.any(|(_, response)| response["headers"].get("Set-Cookie").is_some())
    }

    /// The command that calls the operation.
    fn command(&self, document: &Value) -> String {
        let mut path = self.path.to_owned();
        let mut query = Vec::new();
        for parameter in self.parameters() {
            let (name, value) = (text(&parameter["name"]), &parameter["example"]);
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match text(&parameter["in"]) {
                "path" => path = path.replace(&format!("{{{name}}}"), &value),
                // None has to be there.
                "header" => {}
                _ if parameter.get("example").is_some_and(|example| !example.is_null()) => {
                    query.push(format!("{name}={value}"));
                }
                _ => {}
            }
        }
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let api = document["servers"][0]["url"].as_str().unwrap_or("http://127.0.0.1:8000");
        let url = format!("{api}{path}{query}");
        let url = if query.is_empty() { url } else { format!("'{url}'") };
        let body = &self.details["requestBody"]["content"];
        let mut options = Vec::new();
        if self.method != "GET" && (self.method != "POST" || body.is_null()) {
            options.push(format!("--request {}", self.method));
        }
        if self.details["security"][0].get("access_token").is_some() {
            options.push("--header \"Authorization: Bearer $TOKEN\"".to_owned());
        }
        if self.details["security"][0].get("refresh_token").is_some() {
            options.push("--cookie cookies.txt".to_owned());
        }
        if self.details["security"].is_null() && self.sets_cookie() {
            options.push("--cookie-jar cookies.txt".to_owned());
        }
        if let Some(json) = body.get("application/json") {
            options.push(format!("--json '{}'", spaced(&example_of(document, &json["schema"]))));
        }
        if body.get("multipart/form-data").is_some() {
            options.push("--form image=@cat.jpg".to_owned());
        }
        let length = url.len() + options.iter().map(String::len).sum::<usize>();
        let separator = if length < 90 { " " } else { " \\\n  " };
        std::iter::once(format!("curl {url}")).chain(options).collect::<Vec<_>>().join(separator)
    }
}

/// What a success looks like.
fn answer(document: &Value, status: &str, response: &Value) -> String {
    let Some((media_type, content)) = response["content"].as_object().and_then(|content| content.iter().next()) else {
        return format!("Answers {status}.\n\n");
    };
    if media_type != "application/json" || content["schema"].get("$ref").or(content["schema"].get("items")).is_none() {
        return format!("Answers {status}: {}\n\n", text(&response["description"]));
    }
    let example = content.get("example").cloned().unwrap_or_else(|| example_of(document, &content["schema"]));
    let example = serde_json::to_string_pretty(&example).unwrap_or_default();
    format!("Answers {status}:\n\n```json\n{example}\n```\n\n")
}

/// A value that a schema allows, put together from the examples of its parts.
fn example_of(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let required =
            |name: &String| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
        let example = |(name, part): (&String, &Value)| (name.clone(), example_of(document, part));
        let examples = properties.iter().map(example);
        return examples.filter(|(name, example)| !example.is_null() || required(name)).collect::<Map<_, _>>().into();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().filter_map(|part| example_of(document, part).as_object().cloned());
        return parts.flatten().collect::<Map<_, _>>().into();
    }
    if let Some(items) = schema.get("items") {
        return vec![example_of(document, items)].into();
    }
    let either = schema["oneOf"].as_array().into_iter().flatten();
    let mut of_objects = either.filter(|schema| schema["type"] != "null");
    of_objects.next().map_or(Value::Null, |schema| example_of(document, schema))
}

/// An object on one line, as people write it.
fn spaced(object: &Value) -> String {
    let pairs = object.as_object().into_iter().flatten().map(|(key, value)| format!("\"{key}\": {value}"));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}

/// The schema itself where there is a reference to it.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &document["components"]["schemas"][name])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated_docs::assert_written;

    /// Where the table begins and ends in the README.
    const MARKS: [&str; 2] = ["<!-- routes -->\n", "<!-- end of routes -->\n"];

    #[test]
    fn the_docs_have_every_route_as_the_document_has_it() {
        let document = crate::openapi::with_shared_responses(&crate::api::router::document());
        assert_written("docs/api.md", |_| markdown_page(&document));
        assert_written("README.md", |readme| {
            let (before, rest) = readme.split_once(MARKS[0]).expect("the begin mark");
            let (_, after) = rest.split_once(MARKS[1]).expect("the end mark");
            let table = table(&document, |anchor| format!("docs/api.md#{anchor}"));
            [before, MARKS[0], "\n", &table, MARKS[1], after].concat()
        });
    }
}
