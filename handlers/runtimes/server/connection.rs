//! One connection: what it is at, and when it is to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::{Duration, Instant};

use talelio::business::Network;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::bodies::Bodies;
use super::responses::Responses;

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

/// How long a client may take to send bodies before it is one that others wait for.
const SLOW: Duration = Duration::from_secs(10);

/// How many bytes that nobody has taken yet are no matter: a head of some cookies.
const UNREAD_BYTES: usize = 4 << 10;

/// The most idle connections that have been served before, each of which has buffers. Beyond
/// that, a connection ends with its response.
const MAX_SERVED_IDLE: usize = 256;

/// What all connections add up to.
pub(super) struct Totals {
    started: Instant,
    /// How many connections are idle that have been served before.
    served_idle: AtomicUsize,
    /// How many bytes have come that nobody has taken yet.
    unread: AtomicUsize,
    max_unread: usize,
    /// Told when those are too many.
    too_much_unread: Notify,
}

impl Totals {
    pub(super) fn new(max_unread: usize) -> Self {
        Self {
            started: Instant::now(),
            served_idle: AtomicUsize::new(0),
            unread: AtomicUsize::new(0),
            max_unread,
            too_much_unread: Notify::new(),
        }
    }

    /// In milliseconds.
    pub(super) fn now(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    /// Resolves when more has come than may be, and nobody has taken it yet.
    pub(super) async fn too_much_unread(&self) {
        self.too_much_unread.notified().await;
    }
}

/// How a connection is to end.
pub(super) enum End {
    AtOnce,
    AfterItsRequests,
}

/// One connection, as its stream and its requests report of it. Times are in milliseconds
/// since the server started.
pub(super) struct Connection {
    /// Whose it is, which may be a proxy.
    pub(super) customer: Network,
    totals: Arc<Totals>,
    /// How many requests are at hand.
    at_hand: AtomicU32,
    /// Whether any was before.
    served: AtomicBool,
    /// How many bytes have come that nobody has taken yet, and since when.
    unread: AtomicUsize,
    unread_since: AtomicU64,
    /// The bodies of requests that are coming.
    pub(super) bodies: Bodies,
    /// Since when it is idle.
    idle_since: AtomicU64,
    /// Since when the head of a request is coming; 0 when none is.
    head_since: AtomicU64,
    /// Whether the client reads slower than we write.
    blocked: AtomicBool,
    written: AtomicU64,
    /// The responses that are on their way.
    responses: Responses,
    /// Whether [`Connection::ends`] looks at it only when it has been idle for too long.
    unwatched: AtomicBool,
    /// Told when it is to be looked at before that.
    changed: Notify,
    closing: AtomicBool,
    evicted: AtomicBool,
    retiring: AtomicBool,
    ended: AtomicBool,
    /// Whether it is among those of `served_idle`.
    counted: AtomicBool,
}

impl Connection {
    pub(super) fn new(peer: Network, totals: Arc<Totals>) -> Self {
        Self {
            customer: peer.customer(),
            at_hand: AtomicU32::new(0),
            served: AtomicBool::new(false),
            unread: AtomicUsize::new(0),
            unread_since: AtomicU64::new(0),
            bodies: Bodies::default(),
            idle_since: AtomicU64::new(totals.now()),
            totals,
            head_since: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            written: AtomicU64::new(0),
            responses: Responses::default(),
            unwatched: AtomicBool::new(false),
            changed: Notify::new(),
            closing: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            retiring: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            counted: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        self.totals.now()
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
            self.totals.served_idle.fetch_add(1, Relaxed);
        }
        // Whatever it was counted for before.
        if self.counted.swap(counted, Relaxed) {
            self.totals.served_idle.fetch_sub(1, Relaxed);
        }
    }

    /// Ends it once it is idle.
    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
        self.changed.notify_one();
    }

    /// Ends it, whatever it is at.
    pub(super) fn evict(&self) {
        self.evicted.store(true, Relaxed);
        self.changed.notify_one();
    }

    /// Since when it is idle, if it is and is not about to end.
    pub(super) fn idle_since(&self) -> Option<u64> {
        (self.is_idle() && !self.is_closing()).then(|| self.idle_since.load(Relaxed))
    }

    /// Since when something has come that nobody could take, if it is worth anything.
    pub(super) fn unread_since(&self) -> Option<u64> {
        let unread = self.unread.load(Relaxed) > UNREAD_BYTES && !self.evicted.load(Relaxed);
        unread.then(|| self.unread_since.load(Relaxed))
    }

    /// Whether its client takes its responses slowly, and it is not let go already.
    pub(super) fn reads_slowly(&self) -> bool {
        let evicted = self.evicted.load(Relaxed);
        !evicted && self.responses.are_slow(self.now(), self.written.load(Relaxed), self.blocked.load(Relaxed))
    }

    /// Whether its client has been sending bodies for long, and slowly.
    pub(super) fn sends_slowly(&self) -> bool {
        self.bodies.are_slow(self.now(), milliseconds(SLOW))
    }

    /// The body of a request begins to come.
    pub(super) fn begin_body(&self) {
        self.bodies.begin(self.now());
    }

    /// Nothing of it is left.
    pub(super) fn has_ended(&self) {
        self.ended.store(true, Relaxed);
        self.is_counted(false);
        self.has_taken(usize::MAX);
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// The client has sent so many bytes. False when that is the end of it: more comes than
    /// there is room for until those are gone that are let go.
    pub(super) fn has_read(&self, bytes: usize) -> bool {
        if self.unread.fetch_add(bytes, Relaxed) == 0 {
            self.unread_since.store(self.now(), Relaxed);
        }
        let unread = self.totals.unread.fetch_add(bytes, Relaxed) + bytes;
        if unread > self.totals.max_unread {
            self.totals.too_much_unread.notify_one();
        }
        if self.is_idle() && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
        unread <= 2 * self.totals.max_unread
    }

    /// So many bytes of what has come are taken, or all of them.
    pub(super) fn has_taken(&self, bytes: usize) {
        let taken = self.unread.fetch_update(Relaxed, Relaxed, |unread| Some(unread.saturating_sub(bytes)));
        self.totals.unread.fetch_sub(taken.unwrap_or_default().min(bytes), Relaxed);
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
    pub(super) async fn ends(&self) -> End {
        let mut written = 0;
        let mut without_progress = 0;
        loop {
            if self.evicted.load(Relaxed) {
                return End::AtOnce;
            }
            if self.retiring.swap(false, Relaxed) {
                return End::AfterItsRequests;
            }
            if let Some(deadline) = self.idle_deadline() {
                without_progress = 0;
                let now = self.now();
                if self.is_closing() || deadline <= now {
                    return End::AtOnce;
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
            if without_progress == PATIENCE || self.responses.has_stalled(self.now(), milliseconds(STALLED)) {
                return End::AtOnce;
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

    /// A response that holds so many bytes begins. Returns its number.
    pub(super) fn begin_response(&self, bytes: u64, is_one_of_many: bool) -> u64 {
        if is_one_of_many {
            // Its progress is told by itself, and not by what the connection writes.
            self.watch();
        }
        self.responses.begin(self.now(), self.written.load(Relaxed), bytes, is_one_of_many)
    }

    /// So many bytes of a response have been written.
    pub(super) fn has_sent(&self, number: u64, bytes: usize) {
        self.responses.progress(number, self.now(), bytes);
    }

    pub(super) fn end_response(&self, number: u64) {
        self.responses.end(number);
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
        connection.has_taken(usize::MAX);
        connection.is_counted(false);
        connection.head_since.store(0, Relaxed);
        Self(Arc::clone(connection))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.0
    }

    /// Whether there are so many idle connections that this should not become another.
    pub(super) fn leaves_one_too_many(&self) -> bool {
        self.0.totals.served_idle.load(Relaxed) >= MAX_SERVED_IDLE
    }

    /// Ends the connection with the requests that it has.
    pub(super) fn retire(&self) {
        self.0.retiring.store(true, Relaxed);
        self.0.changed.notify_one();
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
