//! What is about HTTP itself, against the HTTP server whatever the target.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Request, TestApp, send};

/// Sends bytes and reads whatever comes until the server closes.
async fn exchange(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    stream.write_all(bytes).await.expect("the server reads what it refuses");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer and a proper end");
    String::from_utf8(answer).unwrap()
}

/// The last answer in what the server sent: its status and its message.
fn refusal(answer: &str) -> (u16, String) {
    let (head, body) = answer.rsplit_once("\r\n\r\n").unwrap_or_else(|| panic!("an answer, not {answer:?}"));
    let lower = head.to_lowercase();
    assert!(lower.contains("content-type: application/json"), "{head}");
    assert!(lower.contains("x-request-id: "), "{head}");
    assert!(lower.contains(&format!("content-length: {}", body.len())), "{head}");
    let error: serde_json::Value = serde_json::from_str(body).unwrap();
    let status = head.rsplit("HTTP/1.1 ").next().unwrap()[..3].parse().unwrap();
    assert_eq!(error["error"]["status"], status);
    (status, error["error"]["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn nonsense_is_refused_in_the_envelope() {
    let app = TestApp::http(&[]);
    for nonsense in [
        "nonsense\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        assert_eq!(
            refusal(&exchange(&app, nonsense.as_bytes()).await),
            (400, "Malformed request".to_owned()),
            "{nonsense:?}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    assert!(matches!(refusal(&exchange(&app, long.as_bytes()).await).0, 414 | 431));
}

#[tokio::test]
async fn a_mebibyte_of_headers_is_refused_in_the_envelope() {
    let app = TestApp::http(&[]);
    let one = format!("GET /v1/health HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET /v1/health HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(180_000));
    for head in [one, many] {
        assert_eq!(refusal(&exchange(&app, head.as_bytes()).await), (431, "Request headers too large".to_owned()));
    }
    assert_eq!(app.get("/v1/health").await.status, 200);
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_however_they_come() {
    let app = TestApp::http(&[]);
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    let length = 100 << 20;
    let head = format!(
        "POST /v1/accounts/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
    );
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        stream.write_all(&chunk).await.expect("the server reads what it refuses");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(refusal(&answer), (413, "Request body too large".to_owned()));
    // Not more than the server holds anyway: nothing of it was kept.
    assert!(app.process.resident_bytes() < 100 << 20, "{}", app.process.resident_bytes());

    // A client that asks first is told before it sends.
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    stream.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(refusal(&answer).0, 413);
    assert!(!answer.contains("100 Continue"));
}

#[tokio::test]
async fn a_connection_serves_request_after_request() {
    let app = TestApp::http(&[]);
    let request = "GET /v1/nowhere HTTP/1.1\r\nhost: a\r\n\r\n";
    let last = "GET /v1/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = exchange(&app, format!("{request}{request}{last}").as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 404 Not Found").count(), 2);
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 1);
    assert!(answer.ends_with("👍"));
}

#[tokio::test]
async fn http_2_is_spoken_without_tls() {
    let app = TestApp::http(&[]);
    let client = crate::harness::client_builder().http2_prior_knowledge().build().unwrap();
    let response = send(&client, &format!("http://{}", app.process.address()), Request::new(Method::GET, "/v1/health"))
        .await
        .unwrap();
    assert_eq!(response.text(), "👍");
    let response =
        send(&client, &format!("http://{}", app.process.address()), Request::new(Method::GET, "/v1/nowhere"))
            .await
            .unwrap();
    assert_eq!(response.refusal(404), "Route not found");
    // Its own pages may log in, though no header names the host.
    app.register("ada").await;
    let own = format!("http://{}", app.process.address());
    for origin in [own.as_str(), "https://127.0.0.1:1", "http://evil.example"] {
        let body = json!({"email": "ada@example.com", "password": "a good password"});
        let request = Request::new(Method::POST, "/v1/accounts/login").header("origin", origin).json(&body);
        let status = send(&client, &own, request).await.unwrap().status.as_u16();
        assert_eq!(status, if origin.contains("evil") { 403 } else { 200 }, "{origin}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = TestApp::http(&[]);
    let response = app.send(Request::new(Method::HEAD, "/v1/health")).await;
    assert_eq!((response.status.as_u16(), response.header("content-length")), (200, Some("4")));
    assert!(response.body.is_empty());
    assert_eq!(app.send(Request::new(Method::HEAD, "/v1/articles/none")).await.status, 404);
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    let app = TestApp::http(&[]);
    let with_id = async |id: &str| {
        let response = app.send(Request::new(Method::GET, "/v1/health").header("x-request-id", id)).await;
        response.header("x-request-id").unwrap().to_owned()
    };
    assert_eq!(with_id("abc-1.2_3").await, "abc-1.2_3");
    for unfit in ["", "a b", "\"quoted\"", &"x".repeat(65)] {
        let id = with_id(unfit).await;
        assert!(id.len() == 36 && id != unfit, "{id}");
    }
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_request_names_one_host() {
    let app = TestApp::http(&[]);
    for (head, status) in [
        ("GET /v1/health HTTP/1.1\r\n", 400),
        ("GET /v1/health HTTP/1.1\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET /v1/health HTTP/1.1\r\nhost: a\r\n", 200),
        ("GET /v1/health HTTP/1.0\r\n", 200),
    ] {
        let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
        stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.split(' ').nth(1) == Some(&status.to_string()), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_signal_drains_what_is_at_hand() {
    let mut app = TestApp::http(&[]);
    // A request whose body is on its way when the signal comes.
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    let body = json!({"email": "ada@example.com", "password": "x"}).to_string();
    let (first, rest) = body.split_at(10);
    let head =
        format!("POST /v1/accounts/login HTTP/1.1\r\nhost: a\r\n{JSON}content-length: {}\r\n\r\n{first}", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // An idle connection must not hold the drain up.
    let _idle = TcpStream::connect(app.process.address()).await.unwrap();
    app.get("/v1/health").await;
    app.process.terminate();
    app.process.wait_for("draining");
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(refusal(&answer), (401, "Invalid username or password".to_owned()));
    assert_eq!(app.process.wait().code(), Some(0));
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_the_drain_up() {
    let mut app = TestApp::http(&[]);
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    stream.write_all(b"POST /v1/accounts/login HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    app.get("/v1/health").await;
    let started = Instant::now();
    app.process.terminate();
    assert_eq!(app.process.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(20), "10 seconds and the machine's own delays");
}
