//! How bodies come in: who is asked for one, and who is answered without.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Request, TestApp};

/// The first answer to what is sent on a connection that stays open.
async fn answer(app: &TestApp, sent: &str) -> String {
    let mut stream = TcpStream::connect(app.process.address()).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8(answer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn who_may_not_ask_is_told_so_before_the_body_comes() {
    let app = TestApp::http(&[]);
    for path in ["/v1/articles", "/v1/projects", "/v1/assets/images", "/v1/accounts/logout"] {
        let started = Instant::now();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n");
        assert!(answer(&app, &format!("{head}\r\n{{")).await.starts_with("HTTP/1.1 403"), "{path}");
        assert!(started.elapsed() < Duration::from_secs(8), "{path}: {:?}", started.elapsed());
        let asking = answer(&app, &format!("{head}expect: 100-continue\r\n\r\n")).await;
        assert!(asking.starts_with("HTTP/1.1 403"), "{path}: {asking}");
    }
}

#[tokio::test]
async fn a_form_of_accounts_has_sixteen_kibibytes() {
    let app = TestApp::http(&[]);
    for path in ["/v1/accounts/login", "/v1/accounts/register"] {
        let with = async |bytes: usize| {
            let body = json!({"email": "x", "password": "x", "username": "x", "z": "x".repeat(bytes)});
            app.post(path, &body).await.status.as_u16()
        };
        assert!([400, 401].contains(&with(16_000).await) && with(17_000).await == 413, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_wants_does_not_cut_an_answer_off() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    let article = json!({"title": "Long", "body": "many words ".repeat(50_000), "meta_description": "about"});
    app.publish_article(&token, &article).await;
    let whole = app.get("/v1/articles/long").await.body;
    for _ in 0..10 {
        let with_body = Request::new(Method::GET, "/v1/articles/long").body("text/plain", vec![b'x'; 900_000]);
        assert_eq!(app.send(with_body).await.body.len(), whole.len());
        assert_eq!(app.get("/v1/health").await.status, 200);
    }
}

#[tokio::test]
async fn a_finished_upload_is_acknowledged_though_more_was_announced() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    let body = "--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\nno file\r\n--x--\r\n";
    let started = Instant::now();
    let head = format!(
        "POST /v1/assets/images HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len() + 1
    );
    let answer = answer(&app, &head).await;
    assert!(answer.contains("One or more image files are of invalid type"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn the_headers_of_a_part_have_an_end() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    let send = async |body: String| {
        let upload = Request::new(Method::POST, "/v1/assets/images").bearer(&token);
        app.send(upload.body("multipart/form-data; boundary=x", body)).await.refusal(400)
    };
    let long = "many words ".repeat(90_000);
    let header = format!("--x\r\ncontent-disposition: form-data; name=\"{long}\"\r\n\r\ntext\r\n--x--\r\n");
    assert_eq!(send(header).await, "Malformed multipart body");
    assert_eq!(send(format!("{long}--x--\r\n")).await, "Malformed multipart body", "before the first part");
    let text = format!("--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{long}\r\n--x--\r\n");
    assert_eq!(send(text).await, "One or more image files are of invalid type", "a long text is not a header");
}
