//! Images in S3: what goes wrong there, and sending to it without us.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use image::ImageFormat;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::api::images::samples::{encoded, picture};
use crate::api::images::{path, upload, uploaded, urls};
use crate::harness::{Request, Response, TestApp, in_bucket};

/// How a storage behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Answers with a status and an error code of S3.
    Refuses(u16, &'static str),
    /// Takes requests and never answers.
    Hangs,
    /// Ends its answers in the middle.
    CutsOff,
    /// Takes everything, and has nothing.
    Takes,
}

/// A storage that behaves as it is told, over real connections.
struct Storage {
    endpoint: String,
    behaviour: Arc<Mutex<Behaviour>>,
    requests: Arc<AtomicUsize>,
}

impl Storage {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(Behaviour::Takes));
        let requests = Arc::<AtomicUsize>::default();
        let (told, counted) = (Arc::clone(&behaviour), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&told), Arc::clone(&counted)));
            }
        });
        Self { endpoint, behaviour, requests }
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
        self.requests.store(0, Ordering::Relaxed);
    }
}

/// Answers one request and closes the connection.
async fn answer(mut stream: TcpStream, behaviour: Arc<Mutex<Behaviour>>, requests: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    let head = loop {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    while request.len() < head + length {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return;
        }
    }
    requests.fetch_add(1, Ordering::Relaxed);
    let behaviour = *behaviour.lock().unwrap();
    let answer = match behaviour {
        Behaviour::Refuses(status, code) => {
            let body = format!("<Error><Code>{code}</Code><Message>as it was told</Message></Error>");
            format!("HTTP/1.1 {status} No\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
        }
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::CutsOff => {
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\nlast-modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n\
                               etag: \"x\"\r\n\r\nnot much"
                .to_owned()
        }
        Behaviour::Takes if text.starts_with("put") => {
            "HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
        }
        Behaviour::Takes => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    };
    // The program may have given up.
    let _ = stream.write_all(answer.as_bytes()).await;
}

#[tokio::test]
async fn what_goes_wrong_in_s3_is_told_as_unavailable() {
    let storage = Storage::start().await;
    let app = TestApp::http(&in_bucket("images", &storage.endpoint));
    let token = app.author("ada").await;
    let png = encoded(&picture(400, 30), ImageFormat::Png);
    let path = uploaded(&app, &token, "a.png", &png).await;
    assert_eq!(app.get(&path).await.refusal(500), "Internal server error", "it keeps nothing");
    let copy = format!("{path}?width=320");
    assert_eq!(app.get(&copy).await.refusal(500), "Internal server error");

    storage.behave(Behaviour::Refuses(403, "AccessDenied"));
    for path in [&path, &copy] {
        assert_unavailable(&app.get(path).await);
    }
    assert_unavailable(&app.send(upload(&token, &[("a.png", &png)])).await);
    app.send(Request::new(Method::GET, "/v1/health").header("x-request-id", "the-last")).await;
    app.process.wait_for("the-last");
    assert_eq!(app.process.printed().matches("AccessDenied").count(), 3, "each is in the log, once");

    storage.behave(Behaviour::Refuses(500, "InternalError"));
    assert_unavailable(&app.get(&path).await);
    assert!(storage.requests.load(Ordering::Relaxed) > 1, "it was tried again");

    storage.behave(Behaviour::CutsOff);
    assert_unavailable(&app.get(&path).await);

    // With its item an image is removed, whatever becomes of its files.
    let removal = app.send(Request::new(Method::DELETE, &path).bearer(&token)).await;
    assert_eq!(removal.status, StatusCode::NO_CONTENT);
    let list = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&token)).await;
    assert_eq!(list.json()["images"], json!([]));
    storage.behave(Behaviour::Takes);
    assert_eq!(app.get(&path).await.refusal(404), "Image not found");
}

fn assert_unavailable(response: &Response) {
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(response.refusal(503), "Temporarily unavailable, try again");
}

#[tokio::test]
async fn a_storage_that_hangs_is_given_up_on() {
    let storage = Storage::start().await;
    let app = TestApp::http(&in_bucket("images", &storage.endpoint));
    let token = app.author("ada").await;
    let path = uploaded(&app, &token, "a.png", &encoded(&picture(8, 8), ImageFormat::Png)).await;
    storage.behave(Behaviour::Hangs);
    let asked = Instant::now();
    assert_unavailable(&app.get(&path).await);
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    storage.behave(Behaviour::Takes);
    assert_eq!(app.get(&path).await.refusal(500), "Internal server error", "it keeps nothing");
}

#[tokio::test]
async fn a_storage_that_is_not_there_is_told_as_unavailable() {
    let app = TestApp::http(&in_bucket("images", "http://127.0.0.1:1"));
    let token = app.author("ada").await;
    let png = encoded(&picture(8, 8), ImageFormat::Png);
    assert_unavailable(&app.send(upload(&token, &[("a.png", &png)])).await);
}

#[tokio::test]
async fn an_upload_has_an_address_of_its_own() {
    let app = TestApp::http(&in_bucket("images", "http://127.0.0.1:1"));
    let token = app.author("ada").await;
    let presign = Request::new(Method::POST, "/v1/assets/images/presign").bearer(&token);
    let presigned = app.send(presign.json(&json!({"file_name": "My cat.jpg"}))).await;
    assert_eq!(presigned.status, StatusCode::OK, "{}", presigned.text());
    let presigned = presigned.json();
    let name = presigned["upload"].as_str().unwrap();
    assert!(name.starts_with("my_cat_"), "{name}");
    let url = presigned["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://127.0.0.1:1/images/uploads/ada/{name}?")), "{url}");
    assert!(url.contains("X-Amz-Expires=600") && url.contains("X-Amz-Signature="), "{url}");
    assert_eq!(presigned["method"], "PUT");
    assert_eq!(presigned["expires_in_seconds"], 600);
}

#[tokio::test]
async fn what_is_sent_to_s3_is_confirmed_once_and_again() {
    if !TestApp::is_s3() {
        println!("left out: there is no S3 to send to; `make test-aws` has one");
        return;
    }
    let app = TestApp::start().await;
    let (token, other) = (app.author("ada").await, app.author("bob").await);
    let png = encoded(&picture(400, 30), ImageFormat::Png);
    let presign = async |bytes: &[u8]| {
        let presign = Request::new(Method::POST, "/v1/assets/images/presign").bearer(&token);
        let presigned = app.send(presign.json(&json!({"file_name": "cat.bin"}))).await.json();
        let client = crate::harness::client();
        let sent = client.put(presigned["url"].as_str().unwrap()).body(bytes.to_vec()).send().await.unwrap();
        assert!(sent.status().is_success(), "{sent:?}");
        presigned["upload"].as_str().unwrap().to_owned()
    };
    let confirm = async |token: &str, upload: &str| {
        let confirm = Request::new(Method::POST, "/v1/assets/images/confirm").bearer(token);
        app.send(confirm.json(&json!({"upload": upload}))).await
    };
    let sent = presign(&png).await;
    assert_eq!(confirm(&other, &sent).await.refusal(404), "Upload not found", "it is Ada's");
    let confirmed = urls(&confirm(&token, &sent).await);
    assert_eq!(confirmed, [format!("http://127.0.0.1:8000/v1/users/ada/images/{sent}.png")]);
    assert_eq!(urls(&confirm(&token, &sent).await), confirmed, "a second time");
    assert_eq!(app.get(&path(&confirmed[0])).await.body, png);
    let large = presign(&vec![0; (2 << 20) + 1]).await;
    assert_eq!(confirm(&token, &large).await.refusal(400), "One or more image file sizes are too large");
    let none = presign(b"not an image").await;
    assert_eq!(confirm(&token, &none).await.refusal(400), "One or more image files are of invalid type");
    let never = "cat_01980f4e-9a86-7c6e-b3ab-0f2a6cf3d8c1";
    assert_eq!(confirm(&token, never).await.refusal(404), "Upload not found");
}
