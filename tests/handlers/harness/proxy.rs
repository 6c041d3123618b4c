//! The way to a store, which can be bad.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It leads to the store.
    Forwards,
    /// It is taken, and nothing is said.
    Hangs,
    /// It ends with the first request.
    Resets,
    /// Every request is answered with 500.
    Fails,
}

/// Stands before a store.
pub struct Proxy {
    pub endpoint: String,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Proxy {
    /// Before the store at `upstream`, `host:port`; without one, nothing can be forwarded.
    pub async fn start(upstream: Option<String>, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(behaviour));
        let current = behaviour.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, upstream.clone(), current.clone()));
            }
        });
        Self { endpoint, behaviour }
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

/// Serves a connection until the behaviour is another.
async fn serve(mut client: TcpStream, upstream: Option<String>, current: Arc<Mutex<Behaviour>>) {
    let behaviour = *current.lock().unwrap();
    let serving = async {
        match behaviour {
            Behaviour::Forwards => {
                let mut store = TcpStream::connect(upstream.expect("a store")).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut store).await;
            }
            Behaviour::Hangs => sleep(Duration::from_hours(1)).await,
            Behaviour::Resets => drop(client.read(&mut [0; 1024]).await),
            Behaviour::Fails => {
                let mut buffer = vec![0; 64 << 10];
                while client.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {
                    let head = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                    if client.write_all(head.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = serving => {}
        () = async {
            while *current.lock().unwrap() == behaviour {
                sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
}
