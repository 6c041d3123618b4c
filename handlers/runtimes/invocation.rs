//! What Lambda invokes the function with: a request, or a reason to look whether there is
//! something to do.

use lambda_http::request::LambdaRequest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// What invoked the function.
pub(super) enum Invocation {
    /// The schedule, or the table's stream.
    Jobs,
    /// Somebody who waits for an answer.
    Http(Box<LambdaRequest>),
}

/// The keys by which an event that is no request is known.
#[derive(Deserialize)]
struct Keys<'e> {
    /// What the schedule is told to send (`template.yaml`).
    #[serde(default)]
    job: Option<String>,
    /// Changes in the table.
    #[serde(default, rename = "Records", borrow)]
    records: Option<&'e RawValue>,
}

impl<'de> Deserialize<'de> for Invocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event: Box<RawValue> = Box::deserialize(deserializer)?;
        match serde_json::from_str(event.get()) {
            Ok(Keys { job: Some(_), .. } | Keys { records: Some(_), .. }) => Ok(Self::Jobs),
            _ => {
                serde_json::from_str(event.get()).map(|request| Self::Http(Box::new(request))).map_err(D::Error::custom)
            }
        }
    }
}

/// What the function returns: nothing, or a response of the kind `R`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Outcome<R> {
    Done,
    Http(R),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_for_jobs(event: &serde_json::Value) -> bool {
        matches!(serde_json::from_str(&event.to_string()).unwrap(), Invocation::Jobs)
    }

    #[test]
    fn the_schedule_and_the_stream_are_told_from_requests() {
        assert!(is_for_jobs(&json!({"job": "all"})));
        assert!(is_for_jobs(&json!({"Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT"}]})));
        let request = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {},
            "body": "{\"job\": \"all\", \"Records\": []}", "isBase64Encoded": false,
            "requestContext": {"http": {"method": "GET", "path": "/", "sourceIp": "192.0.2.1"}, "stage": "$default"},
        });
        assert!(!is_for_jobs(&request));
    }
}
