//! The program under AWS's runtime interface emulator.
//!
//! Each request goes as an event of the next of the four kinds, in the shape
//! that AWS documents for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::client::{Request, Response, client};
use super::process::Process;

const KINDS: [Kind; 4] = [Kind::HttpApi, Kind::RestApi, Kind::LoadBalancer, Kind::FunctionUrl];

#[derive(Clone, Copy)]
enum Kind {
    /// API Gateway's HTTP API with a named stage, payload 2.0.
    HttpApi,
    /// API Gateway's REST API, payload 1.0.
    RestApi,
    /// An Application Load Balancer with multi-value headers.
    LoadBalancer,
    /// A function URL, payload 2.0 on the stage `$default`.
    FunctionUrl,
}

/// Where all requests come from.
const CLIENT: &str = "192.0.2.1";

/// The way to the emulator, which answers one request at a time.
pub struct Emulator {
    address: String,
    client: reqwest::Client,
    turn: Mutex<()>,
    sent: AtomicUsize,
}

/// Starts the emulator `program` with ours in it.
pub async fn start(program: &str, variables: &[(&str, &str)]) -> (Process, Emulator) {
    let (invoke, runtime) = (free_address(), free_address());
    let arguments = ["--runtime-interface-emulator-address", &invoke, "--runtime-api-address", &runtime];
    let names =
        [("AWS_LAMBDA_FUNCTION_NAME", "test"), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "60"), ("PATH", "/usr/bin:/bin")];
    let process = Process::wrapped(program, &arguments, &[&names, variables].concat());
    while TcpStream::connect(&invoke).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let emulator = Emulator { address: invoke, client: client(), turn: Mutex::new(()), sent: AtomicUsize::new(0) };
    (process, emulator)
}

/// The emulator takes no port 0.
fn free_address() -> String {
    format!("127.0.0.1:{}", super::process::free_port())
}

impl Emulator {
    pub async fn send(&self, request: Request) -> Response {
        let kind = KINDS[self.sent.fetch_add(1, Ordering::Relaxed) % KINDS.len()];
        response(&self.invoke(event(kind, &request)).await)
    }

    /// Runs the jobs, as the schedule does.
    pub async fn run_jobs(&self) {
        assert_eq!(self.invoke(json!({"job": "all"})).await, Value::Null);
    }

    async fn invoke(&self, event: Value) -> Value {
        let _turn = self.turn.lock().await;
        let url = format!("http://{}/2015-03-31/functions/function/invocations", self.address);
        let answer = self.client.post(url).body(event.to_string()).send().await.expect("an answer");
        let answer = answer.text().await.unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("a JSON answer, not {answer}"))
    }
}

fn event(kind: Kind, request: &Request) -> Value {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let method = request.method.as_str();
    let mut headers = Map::new();
    let mut multi_value_headers = Map::new();
    let mut cookies = Vec::new();
    let host = [("host", "api.talel.io".to_owned())];
    for (name, value) in host.iter().chain(&request.headers) {
        headers.insert((*name).to_owned(), json!(value));
        multi_value_headers.insert((*name).to_owned(), json!([value]));
        if *name == "cookie" {
            cookies.extend(value.split("; "));
        }
    }
    // As API Gateway does: text as it is, anything else in base64.
    let text = std::str::from_utf8(&request.body).ok();
    let body = text.map_or_else(|| STANDARD.encode(&request.body), str::to_owned);
    let body = if request.body.is_empty() { Value::Null } else { json!(body) };
    let encoded = text.is_none();
    match kind {
        Kind::HttpApi | Kind::FunctionUrl => {
            let stage = if matches!(kind, Kind::HttpApi) { "production" } else { "$default" };
            let raw_path = if stage == "$default" { path.to_owned() } else { format!("/{stage}{path}") };
            headers.remove("cookie");
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": raw_path, "rawQueryString": query,
                "cookies": cookies, "headers": headers, "body": body, "isBase64Encoded": encoded,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "api", "domainName": "api.talel.io", "domainPrefix": "api",
                    "http": {"method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": CLIENT, "userAgent": "test"},
                    "requestId": "id", "routeKey": "$default", "stage": stage,
                    "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_u64
                }
            })
        }
        Kind::RestApi => {
            let parameters = parameters(query, true);
            json!({
                "resource": "/{proxy+}", "path": path, "httpMethod": method, "headers": headers,
                "multiValueHeaders": multi_value_headers, "queryStringParameters": single(&parameters),
                "multiValueQueryStringParameters": parameters, "pathParameters": {"proxy": path.trim_start_matches('/')},
                "stageVariables": null, "body": body, "isBase64Encoded": encoded,
                "requestContext": {
                    "accountId": "123456789012", "apiId": "api", "domainName": "api.talel.io", "httpMethod": method,
                    "identity": {"sourceIp": CLIENT, "userAgent": "test"}, "path": format!("/production{path}"),
                    "protocol": "HTTP/1.1", "requestId": "id", "requestTime": "04/Mar/2020:19:15:17 +0000",
                    "requestTimeEpoch": 1_583_349_317_135_u64, "resourceId": "id", "resourcePath": "/{proxy+}", "stage": "production"
                }
            })
        }
        Kind::LoadBalancer => {
            // After what the client says of itself, where it is.
            let said = multi_value_headers.get("x-forwarded-for").and_then(|values| values[0].as_str());
            let forwarded = said.map_or_else(|| CLIENT.to_owned(), |said| format!("{said}, {CLIENT}"));
            multi_value_headers.insert("x-forwarded-for".to_owned(), json!([forwarded]));
            json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b"}},
            "httpMethod": method, "path": path, "multiValueQueryStringParameters": parameters(query, false),
            "multiValueHeaders": multi_value_headers, "body": body.as_str().unwrap_or_default(), "isBase64Encoded": encoded
            })
        }
    }
}

/// A query as a map; API Gateway decodes it, a load balancer does not.
fn parameters(query: &str, decoded: bool) -> Value {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (mut name, mut value) = pair.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap_or_default();
        if decoded {
            (name, value) = form_urlencoded::parse(pair.as_bytes()).into_owned().next().unwrap();
        }
        let values = parameters.entry(name).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    Value::Object(parameters)
}

fn single(parameters: &Value) -> Value {
    let last = |values: &Value| values.as_array().unwrap().last().unwrap().clone();
    parameters.as_object().unwrap().iter().map(|(name, values)| (name.clone(), last(values))).collect()
}

fn response(answer: &Value) -> Response {
    let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("a status in {answer}"));
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &Value| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    };
    let single = answer["headers"].as_object().cloned().unwrap_or_default();
    let multiple = answer["multiValueHeaders"].as_object().cloned().unwrap_or_default();
    for (name, values) in &multiple {
        values.as_array().unwrap().iter().for_each(|value| add(name, value));
    }
    for (name, value) in single.iter().filter(|(name, _)| !multiple.contains_key(*name)) {
        add(name, value);
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        add("set-cookie", cookie);
    }
    let body = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == json!(true) { STANDARD.decode(body).unwrap() } else { body.into() };
    Response { status: u16::try_from(status).unwrap().try_into().unwrap(), headers, body }
}
