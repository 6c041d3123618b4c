//! Whether the server answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::response::{Html, IntoResponse};

use crate::Done;

/// Look whether the server answers
#[utoipa::path(
    get,
    path = "/v1/health",
    tag = "operation",
    responses((status = 200, description = "It does.", body = str, content_type = "text/html", example = json!("👍")))
)]
pub(crate) async fn health() -> impl IntoResponse {
    Html("👍")
}

/// How long a server that is well takes at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the server that listens on `host` and `port` of this machine, for container
/// engines, whose images have no other program to ask with.
pub(crate) fn ask(host: &str, port: u16) -> Done {
    // A server that listens everywhere listens here.
    let ip = host.parse().ok().filter(|ip: &std::net::IpAddr| !ip.is_unspecified());
    let address = SocketAddr::new(ip.unwrap_or([127, 0, 0, 1].into()), port);
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" { Ok(()) } else { Err(String::from_utf8_lossy(&status).into()) }
}
