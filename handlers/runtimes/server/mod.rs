//! The HTTP server: HTTP/1.1 and HTTP/2 without TLS, which NGINX adds in front.

mod rejections;

use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::BoxError;
use crate::http::service::HttpService;
use rejections::RejectionStream;

/// The most bytes of a request's head. NGINX's own default is 4 buffers of 8 KiB.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// How long a request's head may take to arrive, and a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the requests at hand may take after a signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then drains.
pub(crate) async fn run(service: HttpService, (host, port): (String, u16)) -> Result<(), BoxError> {
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(|error| format!("{host}:{port}: {error}"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening on http://{address}");
    let mut stop = pin!(stopped()?);
    let connections = GracefulShutdown::new();
    let server = builder();
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve(&server, stream, service.clone(), &connections),
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed.
                    tracing::error!(%error, "connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    tracing::info!("draining");
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("requests cut off after {} seconds", DRAIN_TIMEOUT.as_secs());
    }
    tracing::info!("stopped");
    Ok(())
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).expect("64 KiB fit"))
        .max_concurrent_streams(256)
        .keep_alive_interval(HEAD_TIMEOUT);
    builder
}

fn serve(server: &Builder<TokioExecutor>, stream: TcpStream, service: HttpService, connections: &GracefulShutdown) {
    // Fails when the peer is gone already, which serving will find out.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(RejectionStream::new(stream));
    let answer = service_fn(move |request: Request<Incoming>| service.clone().call(request.map(Body::new)));
    let connection = server.serve_connection(io, answer).into_owned();
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // A client that breaks off or talks nonsense is nothing to act upon.
        if let Err(error) = connection.await {
            tracing::debug!(error, "connection error");
        }
    });
}

/// Resolves with the first signal to stop.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
