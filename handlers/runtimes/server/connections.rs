//! The connections that are open: how many there may be, how long they may make no progress,
//! and which are let go when there are too many.
//!
//! A connection is idle when it has no request at hand, whether it never sent one, is
//! sending the head of one, or has its response. When there are too many, the one that has
//! been idle longest goes first. When too much has come that nobody can take yet, such as
//! heads that have no end, the one goes that has sent nothing else for longest; and when the
//! memory for requests is used up, all go whose clients take much slowly, and those that send
//! slowly of the client that holds most of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::gauge;
use talelio::business::Network;
use talelio::business::memory::{MemoryBudget, Refusal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Totals};

/// All connections of the server. Clones share them.
#[derive(Clone)]
pub(super) struct Connections(Arc<Registry>);

struct Registry {
    max: usize,
    totals: Arc<Totals>,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    /// Told when a connection has ended.
    ended: Notify,
    draining: CancellationToken,
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
        gauge!("talelio_connections").decrement(1.0);
        self.connection.has_ended();
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
    /// the store and of images, and connections to AWS. `max_unread` bytes may have come that
    /// nobody has taken yet.
    pub(super) fn new(max_unread: usize) -> Self {
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let max = usize::try_from(descriptors - (descriptors / 8).max(64).min(descriptors / 2)).unwrap_or(usize::MAX);
        Self(Arc::new(Registry {
            max,
            totals: Arc::new(Totals::new(max_unread)),
            open: Mutex::default(),
            ended: Notify::new(),
            draining: CancellationToken::new(),
        }))
    }

    /// Adds a connection of `peer`. None when there are too many, and all have requests at hand.
    pub(super) fn open(&self, id: u64, peer: Network) -> Option<OpenConnection> {
        let connection = Arc::new(Connection::new(peer, Arc::clone(&self.0.totals)));
        let mut open = self.0.open();
        if open.len() >= self.0.max && !let_idle_go(&open) {
            return None;
        }
        open.insert(id, Arc::clone(&connection));
        gauge!("talelio_connections").increment(1.0);
        Some(OpenConnection { id, registry: Arc::clone(&self.0), connection })
    }

    /// Lets the connection go that has been idle longest.
    pub(super) fn let_idle_go(&self) {
        let_idle_go(&self.0.open());
    }

    /// Lets connections go as long as there are some whose clients send what has no end, or
    /// send or read slowly while requests are refused because the memory for them is used up.
    pub(super) async fn relieve(&self, budget: &MemoryBudget) {
        loop {
            tokio::select! {
                () = self.0.totals.too_much_unread() => {
                    oldest(&self.0.open(), Connection::unread_since).inspect(|connection| connection.evict());
                }
                refusal = budget.refused() => self.let_slow_go(budget, refusal),
            }
        }
    }

    /// Lets connections go whose clients keep others waiting.
    fn let_slow_go(&self, budget: &MemoryBudget, Refusal { holder, is_used_up }: Refusal) {
        for connection in self.0.open().values() {
            let is_of_holder = holder == Some(connection.customer);
            if is_of_holder && connection.sends_slowly() {
                connection.evict();
            }
            if (is_of_holder || is_used_up) && connection.reads_slowly() {
                connection.evict();
                if is_used_up {
                    budget.restrict(connection.customer);
                }
            }
        }
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
fn let_idle_go(open: &HashMap<u64, Arc<Connection>>) -> bool {
    oldest(open, Connection::idle_since).inspect(|connection| connection.close()).is_some()
}

/// The connection with the earliest time of those that have one.
fn oldest(
    open: &HashMap<u64, Arc<Connection>>,
    since: impl Fn(&Connection) -> Option<u64>,
) -> Option<&Arc<Connection>> {
    let dated = open.values().filter_map(|connection| Some((since(connection)?, connection)));
    dated.min_by_key(|(since, _)| *since).map(|(_, connection)| connection)
}
