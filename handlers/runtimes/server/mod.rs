//! The HTTP server: HTTP/1.1 and HTTP/2 without TLS, which NGINX adds in front.

mod bodies;
mod connection;
mod connections;
mod received_body;
mod responses;
mod sent_body;
mod stream;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, HOST};
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::BoxError;
use crate::http::client_network::PeerAddress;
use crate::http::envelope::ApiError;
use crate::http::service::HttpService;
use connection::{AtHand, End};
use connections::{Connections, OpenConnection};
use received_body::received;
use sent_body::SentBody;
use stream::ConnectionStream;

/// The most bytes of a request's head. NGINX's own default is 4 buffers of 8 KiB.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The most requests at once on a connection over HTTP/2.
const MAX_STREAMS: u32 = 32;

/// How many bytes of request bodies a connection over HTTP/2 takes before anybody reads
/// them, and buffers of a response before they are sent.
const WINDOW_BYTES: u32 = 64 << 10;

/// How often a connection over HTTP/2 is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long the requests at hand may take after a signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the same trouble is logged at most.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Serves until SIGTERM or SIGINT, then drains; a second one ends that.
pub(crate) async fn run(service: HttpService, (host, port): (String, u16)) -> Result<(), BoxError> {
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(|error| format!("{host}:{port}: {error}"))?;
    let address = listener.local_addr()?;
    let mut signals = Signals::new()?;
    tracing::info!(%address, "listening on http://{address}");
    let budget = service.memory();
    let connections = Connections::new(budget.bytes() / 6);
    tokio::select! {
        () = accept(&listener, &service, &connections, &mut signals) => {}
        () = connections.relieve(budget) => {}
    }
    drop(listener);
    tracing::info!("draining");
    let drained = async {
        connections.drain().await;
        service.finish().await;
    };
    tokio::select! {
        () = drained => tracing::info!("stopped"),
        () = tokio::time::sleep(DRAIN_TIMEOUT) => {
            tracing::warn!("requests cut off after {} seconds", DRAIN_TIMEOUT.as_secs());
        }
        () = signals.stop() => tracing::warn!("requests cut off by a second signal"),
    }
    Ok(())
}

/// Accepts connections until a signal to stop.
async fn accept(listener: &TcpListener, service: &HttpService, connections: &Connections, signals: &mut Signals) {
    let server = Arc::new(builder());
    let mut stop = pin!(signals.stop());
    let mut logged = None;
    for id in 0.. {
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        let trouble = match accepted {
            Ok((stream, address)) => match connections.open(id, address.ip().into()) {
                Some(connection) => {
                    let peer = PeerAddress(address.ip());
                    tokio::spawn(serve(Arc::clone(&server), stream, peer, service.clone(), connection));
                    continue;
                }
                None => "too many connections, all of them with requests at hand".to_owned(),
            },
            Err(error) => {
                // Out of file descriptors, most likely: those who idle have some.
                connections.let_idle_go();
                tokio::time::sleep(Duration::from_millis(20)).await;
                error.to_string()
            }
        };
        if logged.is_none_or(|logged: Instant| logged.elapsed() >= LOG_INTERVAL) {
            tracing::error!(error = trouble, "connection not accepted");
            logged = Some(Instant::now());
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Deadlines are ours, see `connections`.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).expect("64 KiB fit"))
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(WINDOW_BYTES as usize)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .keep_alive_interval(PING_INTERVAL);
    builder
}

async fn serve(
    server: Arc<Builder<TokioExecutor>>,
    stream: TcpStream,
    peer: PeerAddress,
    service: HttpService,
    open: OpenConnection,
) {
    // Until something comes, a connection is not worth any buffers. That it is ready to be read
    // is no proof of that.
    let mut first_byte = [0];
    tokio::select! {
        _ = stream.peek(&mut first_byte) => {}
        _ = open.connection.ends() => return,
    }
    Box::pin(serve_http(&server, stream, peer, service, &open)).await;
}

/// Refuses a request over HTTP/1.1 that does not say which host it is for, or says two (RFC 9112,
/// section 3.2).
fn names_one_host(request: &Request<Incoming>) -> Result<(), ApiError> {
    let hosts = request.headers().get_all(HOST).iter().count();
    let is_clear = hosts == 1 || request.version() != Version::HTTP_11;
    if is_clear { Ok(()) } else { Err(ApiError::bad_request("Expected one Host header")) }
}

async fn serve_http(
    server: &Builder<TokioExecutor>,
    stream: TcpStream,
    peer: PeerAddress,
    service: HttpService,
    open: &OpenConnection,
) {
    // Fails when the peer is gone already, which serving will find out.
    let _ = stream.set_nodelay(true);
    let connection = &open.connection;
    let io = TokioIo::new(ConnectionStream::new(stream, Arc::clone(connection)));
    let answer = |request: Request<Incoming>| {
        let at_hand = AtHand::new(connection);
        let http_2 = request.version() == Version::HTTP_2;
        let admitted = names_one_host(&request).and_then(|()| service.admit(request.headers(), peer));
        let service = service.clone();
        let request = request.map(|body| received(body, connection));
        async move {
            let (mut response, permit) = match admitted {
                Ok(permit) => {
                    // Boxed, so that a response that waits for its client takes less memory.
                    let Ok(response) = Box::pin(service.call(request, peer)).await;
                    (response, Some(permit))
                }
                Err(error) => {
                    // A response over HTTP/2 stays until the client takes it.
                    if http_2 {
                        at_hand.connection().evict();
                    }
                    (Box::pin(service.refuse(request, error)).await, None)
                }
            };
            if at_hand.leaves_one_too_many() {
                if http_2 {
                    at_hand.retire();
                } else {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
            }
            Ok::<_, Infallible>(SentBody::of(response, at_hand, http_2, permit))
        }
    };
    let mut serving = pin!(server.serve_connection(io, service_fn(answer)));
    let mut draining = pin!(open.draining());
    let mut told = false;
    // What is to be sent goes before what ends the connection.
    let ended = loop {
        tokio::select! {
            biased;
            ended = serving.as_mut() => break ended,
            end = connection.ends() => match end {
                End::AtOnce => return,
                End::AfterItsRequests => serving.as_mut().graceful_shutdown(),
            },
            () = &mut draining, if !told => {
                told = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    // A client that breaks off or talks nonsense is nothing to act upon.
    if let Err(error) = ended {
        tracing::debug!(error, "connection error");
    }
}

/// The signals that the server heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Resolves with the next signal to stop. A terminal that goes away is none.
    async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => tracing::info!("SIGHUP ignored"),
            }
        }
    }
}
