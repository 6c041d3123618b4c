//! Connections that do nothing, and how they end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{Process, Request, TestApp, client_builder};

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.process.address()).await.unwrap()
}

/// A connection that has been sent these bytes.
async fn sent(app: &TestApp, bytes: &str) -> TcpStream {
    let mut stream = connect(app).await;
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn connections_that_say_nothing_shut_nobody_out() {
    let limited = ["-c", "ulimit -n 128; exec \"$@\"", "sh"];
    let app = TestApp::of(Process::wrapped("sh", &limited, &[]));
    let mut silent = Vec::new();
    for n in 0..200 {
        silent.push(if n % 2 == 0 { connect(&app).await } else { sent(&app, "GET /v1/health HT").await });
        if n % 20 == 0 {
            // Over a connection of its own: one that idles meanwhile may be let go as well.
            let request = Request::new(Method::GET, "/v1/health").header("connection", "close");
            assert_eq!(app.send(request).await.status, StatusCode::OK, "after {n}");
        }
    }
    let token = app.author("ada").await;
    assert_eq!(app.publish(&token, "Heard").await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    let app = TestApp::http(&[]);
    let token = app.author("ada").await;
    let body = "many words ".repeat(90_000);
    app.publish_article(&token, &json!({"title": "Long", "body": body, "meta_description": ""})).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address: SocketAddr = app.process.address().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    for _ in 0..8 {
        stream.write_all(b"GET /v1/articles/long HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    let mut read = Vec::new();
    // Closed with something unread, which is a reset.
    let end = timeout(Duration::from_secs(10), stream.read_to_end(&mut read)).await.expect("an end");
    assert!(end.is_err() || read.len() < 8 * body.len(), "{} bytes", read.len());
    assert_eq!(app.get("/v1/articles/long").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_idle_or_half_open_does_not_hold_the_drain_up() {
    let mut app = TestApp::http(&[]);
    let _silent = connect(&app).await;
    let _half_a_head = sent(&app, "GET /v1/health HTTP/1.1\r\nho").await;
    let mut idle = sent(&app, "GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n").await;
    idle.read_exact(&mut [0; 20]).await.unwrap();
    let started = Instant::now();
    app.process.terminate();
    assert_eq!(app.process.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    app.process.wait_for("stopped");
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_a_terminal_that_goes_away_does_not() {
    let mut app = TestApp::http(&[]);
    app.process.signal("HUP");
    app.process.wait_for("SIGHUP ignored");
    assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
    let _half_a_body = sent(&app, "POST /v1/accounts/login HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.process.terminate();
    app.process.wait_for("draining");
    let started = Instant::now();
    app.process.signal("INT");
    assert_eq!(app.process.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_a_client_began_is_done_before_the_program_stops() {
    let mut app = TestApp::http(&[]);
    let body = json!({"email": "ada@example.com", "password": "a good password", "username": "ada"}).to_string();
    let head = "POST /v1/accounts/register HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    let asking = format!("{head}expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut stream = sent(&app, &asking).await;
    stream.read_exact(&mut [0; 25]).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    drop(stream);
    app.process.terminate();
    assert_eq!(app.process.wait().code(), Some(0));
    app.process.wait_for("route=\"/v1/accounts/register\" status=201");
}

#[tokio::test]
async fn heads_without_an_end_take_little_memory() {
    let app = TestApp::http(&[("MEMORY_LIMIT", "67108864")]);
    let before = app.process.resident_bytes();
    let head = format!("GET /v1/health HTTP/1.1\r\ncookie: {}", "a".repeat(60_000));
    let mut open = Vec::new();
    for _ in 0..400 {
        open.push(sent(&app, &head).await);
    }
    assert_eq!(app.get("/v1/health").await.status, StatusCode::OK);
    let more = app.process.resident_bytes().saturating_sub(before);
    assert!(more < 16 << 20, "{more} bytes more");
    // The first were let go.
    let end = timeout(Duration::from_secs(5), open[0].read(&mut [0])).await.expect("an end");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn so_many_connections_over_http_2_stay_idle() {
    let app = TestApp::http(&[]);
    let mut clients = Vec::new();
    for _ in 0..300 {
        let client = client_builder().http2_prior_knowledge().build().unwrap();
        let url = format!("http://{}/v1/health", app.process.address());
        assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::OK);
        clients.push(client);
    }
    // Whoever was one too many is told, and goes.
    let few = async {
        while app.process.descriptors() > 256 + 32 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), few).await.expect("fewer connections");
    for client in &clients[..3] {
        let url = format!("http://{}/v1/health", app.process.address());
        assert_eq!(client.get(url).send().await.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_reads_slowly_goes_when_others_need_the_memory() {
    // Nothing is cached, so each response is made anew.
    let app = TestApp::http(&[("MEMORY_LIMIT", "100663296"), ("CACHE_TTL", "0")]);
    let token = app.author("ada").await;
    for n in 0..3 {
        let body = format!("{n} {}", "many words ".repeat(36_000));
        app.publish_article(&token, &json!({"title": format!("A {n}"), "body": body, "meta_description": ""})).await;
    }
    let reader = async || app.get("/v1/users/ada/articles?limit=2").await.status;
    let mut holding = Vec::new();
    while reader().await == StatusCode::OK {
        assert!(holding.len() < 100, "the memory is never used up");
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(app.process.address().parse().unwrap()).await.unwrap();
        // The first of them may all be on their way, in the system's own memory.
        let requests = "GET /v1/users/ada/articles?limit=3 HTTP/1.1\r\nhost: a\r\n\r\n".repeat(8);
        stream.write_all(requests.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        holding.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let served = async {
        while reader().await != StatusCode::OK {
            // Not so slow that they would be given up for that.
            for stream in &holding {
                let _ = stream.try_read(&mut [0; 512]);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), served).await.expect("an answer");
}

/// Asks from a network for long pages, without letting any be sent, again whenever it is let go.
async fn take_nothing(url: String, network: u8) {
    let address = Ipv4Addr::new(127, 0, 1, network);
    loop {
        let client = client_builder().http2_prior_knowledge().http2_initial_stream_window_size(0);
        let client = client.local_address(IpAddr::from(address)).build().unwrap();
        let asked = (0..16).map(|_| client.get(&url).send());
        for response in join_all(asked).await.into_iter().flatten() {
            let _ = response.bytes().await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn many_networks_that_take_nothing_keep_nobody_out() {
    let app = TestApp::http(&[("MEMORY_LIMIT", "100663296"), ("CACHE_TTL", "0")]);
    let token = app.author("ada").await;
    let body = "many words ".repeat(36_000);
    let article = |n| json!({"title": format!("A {n}"), "body": body, "meta_description": ""});
    let publish = |n| Request::new(Method::POST, "/v1/articles").bearer(&token).json(&article(n));
    for n in 0..3 {
        assert_eq!(app.send(publish(n)).await.status, StatusCode::CREATED);
    }
    let page = "/v1/users/ada/articles?limit=3";
    let mut clients = JoinSet::new();
    for network in 1..=16 {
        clients.spawn(take_nothing(format!("http://{}{page}", app.process.address()), network));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut refused = [0, 0];
    for n in 3..23 {
        let requests = [publish(n), Request::new(Method::GET, page)];
        for (refused, request) in refused.iter_mut().zip(requests) {
            let status = app.send(request).await.status;
            assert!(status.is_success() || status == StatusCode::SERVICE_UNAVAILABLE, "{status}");
            *refused += u32::from(!status.is_success());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(refused.iter().all(|refused| *refused <= 5), "of 20 publications and of 20 pages, refused {refused:?}");
}
