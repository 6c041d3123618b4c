//! The connections that are open: how many there may be, how long they may make no progress,
//! and which are let go when there are too many.
//!
//! A connection is idle when it has no request at hand, whether it never sent one, is
//! sending the head of one, or has its response. When there are too many, the one that has
//! been idle longest goes first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a new connection may say nothing.
const SILENT: Duration = Duration::from_secs(15);

/// How long the head of a request may take to arrive.
const HEAD: Duration = Duration::from_secs(20);

/// How long a connection may idle between requests; longer than NGINX keeps one.
const IDLE: Duration = Duration::from_secs(75);

/// How often a connection that has a request at hand is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How long a client may not take any more of a response over HTTP/2.
const STALLED: Duration = Duration::from_secs(30);

/// How often in a row it may be found without progress.
const PATIENCE: u32 = 3;

/// The fewest bytes from one look to the next that are progress for a client that reads
/// slower than we write.
const PROGRESS_BYTES: u64 = 20 << 10;

/// The most idle connections that have been served before, each of which has buffers. Beyond
/// that, a connection ends with its response.
const MAX_SERVED_IDLE: usize = 256;

/// All connections of the server. Clones share them.
#[derive(Clone)]
pub(super) struct Connections(Arc<Registry>);

struct Registry {
    max: usize,
    started: Instant,
    /// How many connections are idle that have been served before.
    served_idle: Arc<AtomicUsize>,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    /// Told when a connection has ended.
    ended: Notify,
    draining: CancellationToken,
}

/// One connection, as its stream and its requests report of it. Times are in milliseconds
/// since the server started.
pub(super) struct Connection {
    started: Instant,
    served_idle: Arc<AtomicUsize>,
    /// How many requests are at hand.
    at_hand: AtomicU32,
    /// Whether any was before.
    served: AtomicBool,
    /// Since when it is idle.
    idle_since: AtomicU64,
    /// Since when the head of a request is coming; 0 when none is.
    head_since: AtomicU64,
    /// Whether the client reads slower than we write.
    blocked: AtomicBool,
    written: AtomicU64,
    /// When HTTP/2 last asked for more of each response, by their numbers.
    responses: Mutex<HashMap<u64, u64>>,
    next_response: AtomicU64,
    /// Whether [`Connection::ends`] looks at it only when it has been idle for too long.
    unwatched: AtomicBool,
    /// Told when it is to be looked at before that.
    changed: Notify,
    closing: AtomicBool,
    ended: AtomicBool,
    /// Whether it is among those of `served_idle`.
    counted: AtomicBool,
}

/// A connection that is open as long as this is there.
pub(super) struct OpenConnection {
    id: u64,
    registry: Arc<Registry>,
    pub(super) connection: Arc<Connection>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.registry.open().remove(&self.id);
        self.connection.ended.store(true, Relaxed);
        self.connection.is_counted(false);
        self.registry.ended.notify_waiters();
    }
}

impl OpenConnection {
    /// Resolves when the server is about to stop.
    pub(super) async fn draining(&self) {
        self.registry.draining.cancelled().await;
    }
}

impl Registry {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// As many as the process has descriptors for, but for those that the work needs: files of
    /// the store and of images, and connections to AWS.
    pub(super) fn new() -> Self {
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let max = usize::try_from(descriptors - (descriptors / 8).max(64).min(descriptors / 2)).unwrap_or(usize::MAX);
        Self(Arc::new(Registry {
            max,
            started: Instant::now(),
            served_idle: Arc::default(),
            open: Mutex::default(),
            ended: Notify::new(),
            draining: CancellationToken::new(),
        }))
    }

    /// Adds a connection. None when there are too many, and all have requests at hand.
    pub(super) fn open(&self, id: u64) -> Option<OpenConnection> {
        let connection = Arc::new(Connection::new(self.0.started, Arc::clone(&self.0.served_idle)));
        let mut open = self.0.open();
        if open.len() >= self.0.max && !let_go(&open) {
            return None;
        }
        open.insert(id, Arc::clone(&connection));
        Some(OpenConnection { id, registry: Arc::clone(&self.0), connection })
    }

    /// Lets the connection go that has been idle longest.
    pub(super) fn let_one_go(&self) {
        let_go(&self.0.open());
    }

    /// Lets all connections go that are idle, and waits for the others.
    pub(super) async fn drain(&self) {
        self.0.draining.cancel();
        self.0.open().values().for_each(|connection| connection.close());
        loop {
            let ended = self.0.ended.notified();
            if self.0.open().is_empty() {
                return;
            }
            ended.await;
        }
    }
}

/// Lets the connection go that has been idle longest.
fn let_go(open: &HashMap<u64, Arc<Connection>>) -> bool {
    let idle = open.values().filter(|connection| connection.is_idle() && !connection.closing.load(Relaxed));
    let oldest = idle.min_by_key(|connection| connection.idle_since.load(Relaxed));
    oldest.inspect(|connection| connection.close()).is_some()
}

impl Connection {
    fn new(started: Instant, served_idle: Arc<AtomicUsize>) -> Self {
        Self {
            started,
            served_idle,
            at_hand: AtomicU32::new(0),
            served: AtomicBool::new(false),
            idle_since: AtomicU64::new(milliseconds(started.elapsed())),
            head_since: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            written: AtomicU64::new(0),
            responses: Mutex::default(),
            next_response: AtomicU64::new(0),
            unwatched: AtomicBool::new(false),
            changed: Notify::new(),
            closing: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            counted: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    /// It has no request at hand, nor a response that is not sent yet.
    fn is_idle(&self) -> bool {
        self.at_hand.load(Relaxed) == 0 && !self.blocked.load(Relaxed)
    }

    /// It is no more only a matter of time until it ends.
    fn watch(&self) {
        if self.unwatched.swap(false, Relaxed) {
            self.changed.notify_one();
        }
    }

    /// Counts it among the idle that were served before, once, or no more.
    fn is_counted(&self, counted: bool) {
        if counted {
            self.served_idle.fetch_add(1, Relaxed);
        }
        // Whatever it was counted for before.
        if self.counted.swap(counted, Relaxed) {
            self.served_idle.fetch_sub(1, Relaxed);
        }
    }

    fn close(&self) {
        self.closing.store(true, Relaxed);
        self.changed.notify_one();
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// The client has sent something.
    pub(super) fn has_read(&self) {
        if self.is_idle() && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    /// Something was written, or could not be.
    pub(super) fn has_written(&self, written: &Poll<std::io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.written.fetch_add(*bytes as u64, Relaxed);
                self.blocked.store(false, Relaxed);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                self.blocked.store(true, Relaxed);
                self.watch();
            }
        }
    }

    /// Resolves when the connection is to end: it made no progress for too long, or is let go.
    pub(super) async fn ends(&self) {
        let mut written = 0;
        let mut without_progress = 0;
        loop {
            if let Some(deadline) = self.idle_deadline() {
                without_progress = 0;
                let now = self.now();
                if self.is_closing() || deadline <= now {
                    return;
                }
                self.unwatched.store(true, Relaxed);
                // Whoever was quicker than this has told.
                let _ = timeout(Duration::from_millis(deadline - now), self.changed.notified()).await;
                self.unwatched.store(false, Relaxed);
                continue;
            }
            let _ = timeout(LOOK, self.changed.notified()).await;
            let before = std::mem::replace(&mut written, self.written.load(Relaxed));
            let slow = self.blocked.load(Relaxed) && written - before < PROGRESS_BYTES;
            without_progress = if slow { without_progress + 1 } else { 0 };
            if without_progress == PATIENCE || self.has_stalled_response() {
                return;
            }
        }
    }

    /// When it has been idle for too long; none while it is not.
    fn idle_deadline(&self) -> Option<u64> {
        if !self.is_idle() {
            return None;
        }
        let (since, most) = match (self.head_since.load(Relaxed), self.served.load(Relaxed)) {
            (0, false) => (self.idle_since.load(Relaxed), SILENT),
            (0, true) => (self.idle_since.load(Relaxed), IDLE),
            (since, _) => (since, HEAD),
        };
        Some(since + milliseconds(most))
    }

    /// A response over HTTP/2 begins. Returns its number.
    pub(super) fn begin_response(&self) -> u64 {
        let number = self.next_response.fetch_add(1, Relaxed);
        self.ask_for_more(number);
        self.watch();
        number
    }

    /// The client takes more of a response.
    pub(super) fn ask_for_more(&self, number: u64) {
        let now = self.now();
        self.responses().insert(number, now);
    }

    pub(super) fn end_response(&self, number: u64) {
        self.responses().remove(&number);
    }

    fn has_stalled_response(&self) -> bool {
        let patience = milliseconds(STALLED);
        let now = self.now();
        self.responses().values().any(|asked| asked + patience < now)
    }

    fn responses(&self) -> MutexGuard<'_, HashMap<u64, u64>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A request that is at hand as long as this is there.
pub(super) struct AtHand(Arc<Connection>);

impl AtHand {
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        connection.at_hand.fetch_add(1, Relaxed);
        connection.is_counted(false);
        connection.head_since.store(0, Relaxed);
        Self(Arc::clone(connection))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0
    }

    /// Whether there are so many idle connections that this should not become another.
    pub(super) fn leaves_one_too_many(&self) -> bool {
        self.0.served_idle.load(Relaxed) >= MAX_SERVED_IDLE
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        let connection = &self.0;
        connection.served.store(true, Relaxed);
        connection.idle_since.store(connection.now(), Relaxed);
        if connection.at_hand.fetch_sub(1, Relaxed) != 1 {
            return;
        }
        connection.is_counted(true);
        if connection.ended.load(Relaxed) {
            // A stream of HTTP/2 may go after its connection.
            connection.is_counted(false);
        }
        if connection.is_closing() {
            connection.changed.notify_one();
        }
    }
}
