//! `talelio-backend healthcheck`

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::app::BoxError;

/// How long a healthy server takes at most to connect, and to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Asks the server that listens on `host` and `port` of this machine, for container
/// engines, whose images have no other program to ask with.
pub(super) fn run(host: &str, port: u16) -> Result<(), BoxError> {
    // A server that listens everywhere listens here.
    let ip = host.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified());
    let address = SocketAddr::new(ip.unwrap_or([127, 0, 0, 1].into()), port);
    match status(address) {
        Ok(status) if &status == b"HTTP/1.1 200" => Ok(()),
        Ok(status) => Err(format!("{address} answered {}", String::from_utf8_lossy(&status)).into()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(format!("{address} does not answer within {} seconds", TIMEOUT.as_secs()).into())
        }
        Err(error) => Err(format!("{address} does not answer: {error}").into()),
    }
}

/// The first words of the answer.
fn status(address: SocketAddr) -> std::io::Result<[u8; 12]> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status)
}
