//! The stream of a connection: what goes in and out is reported to [`Connection`], and
//! requests that hyper rejects before the router sees them get their body.
//!
//! A head that is malformed or too large is answered by hyper itself, with a
//! status and nothing else. The answer goes out through the connection, so that
//! is where it gets the body that every error of ours has. hyper then closes the
//! connection; with what the client still sends unread, that would be a reset,
//! which can overtake the answer. So what comes is read and dropped for a while.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::connection::Connection;
use crate::http::envelope::Envelope;
use crate::http::observe;

/// How long, and how much, a rejected client may go on sending.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;

/// A stream that completes hyper's own responses.
pub(super) struct ConnectionStream {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// The response that is written in place of hyper's, and how much of it is out.
    rejection: Option<(Vec<u8>, usize)>,
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

impl ConnectionStream {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, rejection: None, linger: None }
    }

    /// Writes the rejection. Ready once all of it is out.
    fn poll_rejection(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((answer, written)) = &mut self.rejection {
            if *written == answer.len() {
                break;
            }
            *written += ready!(Pin::new(&mut self.stream).poll_write(context, &answer[*written..]))?;
        }
        Poll::Ready(Ok(()))
    }
}

/// The response in place of one that hyper made: its status line tells.
fn rejection(written: &[u8]) -> Option<Vec<u8>> {
    // Every answer of the router with such a status has a body.
    if !written.starts_with(b"HTTP/1.") || !written.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?;
    if !head.contains("\r\ncontent-length: 0\r\n") {
        return None;
    }
    let status: StatusCode = head.get(9..12)?.parse().ok()?;
    let message = match status {
        StatusCode::BAD_REQUEST => "Malformed request",
        StatusCode::URI_TOO_LONG => "Request target too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "Request headers too large",
        _ => return None,
    };
    let body = serde_json::to_string(&Envelope::new(status, message)).ok()?;
    let id = observe::new_request_id();
    tracing::info!(status = status.as_u16(), id = id.to_str().unwrap_or_default(), "rejected");
    let head = head.trim_end().replace("content-length: 0", &format!("content-length: {}", body.len()));
    let id = id.to_str().unwrap_or_default();
    Some(format!("{head}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\r\n{body}").into_bytes())
}

impl AsyncRead for ConnectionStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        if bytes > 0 && !self.connection.has_read(bytes) {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        read
    }
}

impl AsyncWrite for ConnectionStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.rejection.is_none() {
            self.rejection = rejection(bytes).map(|answer| (answer, 0));
        }
        if self.rejection.is_none() {
            let written = Pin::new(&mut self.stream).poll_write(context, bytes);
            self.connection.has_written(&written);
            return written;
        }
        ready!(self.poll_rejection(context))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [bytes] = slices {
            return self.poll_write(context, bytes);
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.connection.has_written(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.rejection.is_none() {
            return Pin::new(&mut this.stream).poll_shutdown(context);
        }
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        let (end, dropped) = this.linger.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LINGER)), 0));
        let mut scratch = [0; 8_192];
        while *dropped < LINGER_BYTES && end.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer))?;
            match buffer.filled().len() {
                0 => break,
                length => *dropped += length,
            }
        }
        Poll::Ready(Ok(()))
    }
}
