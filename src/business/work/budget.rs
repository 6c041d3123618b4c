//! How much memory clients may take together, and who has how much of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::business::{Fault, Network};

/// What the budget is counted in, in bytes.
const UNIT: usize = 1_024;

/// A request that needs no more than this, in bytes, may have the last quarter of the
/// budget: those who want little are served while others want too much.
const SMALL: usize = 256 << 10;

/// What a restricted client may be sent at once, and what may be done for it at once to make
/// that, in bytes: a long article. Half of it is for what is small.
const RESTRICTED: usize = 1 << 20;

/// How long a client is restricted.
const RESTRICTION: Duration = Duration::from_mins(1);

/// How many bytes may be held at once. Clones share it.
///
/// What is on its way from or to a client stays for as long as that likes, and what is done for
/// one comes in addition. Of both, a client has no more than a part of what is left for others,
/// unless it is a single thing: so one client cannot keep others out, nor can a few.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: usize,
    state: Mutex<State>,
    /// Told when somebody was refused.
    refused: Notify,
}

/// Amounts are in units.
#[derive(Debug)]
struct State {
    free: usize,
    /// What is held for clients, by what one customer may have of networks.
    shares: HashMap<(Network, Share), usize>,
    /// The last that has not been told of.
    refusal: Option<Refusal>,
    /// Until when clients are restricted, who kept others waiting.
    restricted: HashMap<Network, Instant>,
}

/// Somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The client that holds most of what is missing, if any holds much.
    pub holder: Option<Network>,
    /// Whether all of the memory was used up, and not only the share of that client.
    pub is_used_up: bool,
}

/// What is counted together for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Share {
    /// What is done for it.
    Work,
    /// What is on its way from or to it.
    Transfer,
}

/// What memory is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What all clients may need, or ends whatever they do.
    Common,
    /// What is done for a client.
    Work(Network),
    /// What a client sends.
    Received(Network),
    /// What is sent to a client, whose bytes are counted already, perhaps once for many.
    Sent(Network),
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryPermit {
    from: Option<(MemoryBudget, Purpose)>,
    bytes: usize,
}

impl Purpose {
    /// Whose share it is in.
    fn share(self) -> Option<(Network, Share)> {
        match self {
            Self::Common => None,
            Self::Work(client) => Some((client.customer(), Share::Work)),
            Self::Received(client) | Self::Sent(client) => Some((client.customer(), Share::Transfer)),
        }
    }
}

impl MemoryBudget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let state = State { free: bytes / UNIT, shares: HashMap::new(), refusal: None, restricted: HashMap::new() };
        Self(Arc::new(Inner { bytes, state: Mutex::new(state), refused: Notify::new() }))
    }

    /// How many bytes that are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// Resolves when somebody is refused, or was since this was last called.
    pub async fn refused(&self) -> Refusal {
        loop {
            self.0.refused.notified().await;
            if let Some(refusal) = self.state().refusal.take() {
                return refusal;
            }
        }
    }

    /// Makes and sends less at once for a client that kept others waiting, for a minute.
    pub fn restrict(&self, client: Network) {
        let now = Instant::now();
        let restricted = &mut self.state().restricted;
        restricted.retain(|_, until| *until > now);
        restricted.insert(client.customer(), now + RESTRICTION);
    }

    /// A permit for nothing yet.
    pub(super) fn permit(&self, purpose: Purpose) -> MemoryPermit {
        MemoryPermit { from: Some((self.clone(), purpose)), bytes: 0 }
    }

    /// How many of them nobody holds.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.state().free * UNIT
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `units` for somebody who has `own` already. If it `is_large`, more than the last
    /// quarter has to be left.
    fn take(&self, purpose: Purpose, own: usize, units: usize, is_large: bool) -> Result<(), Fault> {
        let mut state = self.state();
        let counted = if matches!(purpose, Purpose::Sent(_)) { 0 } else { units };
        let kept = if is_large && counted > 0 { self.0.bytes / UNIT / 4 } else { 0 };
        let Some(left) = state.free.checked_sub(counted).filter(|left| *left >= kept) else {
            let holder = state.largest(self.0.bytes / UNIT / 8);
            self.refuse(&mut state, Refusal { holder, is_used_up: true });
            return Err(Fault::busy("the memory for requests is used up"));
        };
        if let Some(share) = purpose.share() {
            let before = state.shares.get(&share).map_or(0, |units| *units);
            // A single thing is received, and sent and worked on unless its client is restricted.
            let (after, is_single) = (before + units, before <= own);
            let is_more = !is_single && after > share.1.most(left, is_large);
            let is_spared = is_single && matches!(purpose, Purpose::Received(_));
            if is_more || !is_spared && after > restricted_most(is_large) && state.is_restricted(share.0) {
                self.refuse(&mut state, Refusal { holder: Some(share.0), is_used_up: false });
                return Err(Fault::busy(format!("the share of {} in the memory for requests is used up", share.0)));
            }
            state.shares.insert(share, after);
        }
        state.free = left;
        Ok(())
    }

    fn refuse(&self, state: &mut State, refusal: Refusal) {
        let of = if refusal.is_used_up { "all" } else { "client" };
        metrics::counter!("talelio_memory_refusals_total", "share" => of).increment(1);
        // That all is used up is not forgotten for what is less.
        if state.refusal.is_none_or(|other| refusal.is_used_up || !other.is_used_up) {
            state.refusal = Some(refusal);
        }
        self.0.refused.notify_one();
    }

    fn give_back(&self, purpose: Purpose, units: usize) {
        let mut state = self.state();
        if !matches!(purpose, Purpose::Sent(_)) {
            state.free += units;
        }
        if let Some(share) = purpose.share()
            && let Entry::Occupied(mut share) = state.shares.entry(share)
        {
            *share.get_mut() -= units;
            if *share.get() == 0 {
                share.remove();
            }
        }
    }
}

impl Share {
    /// How many units a client may have of it when so many are left for others.
    fn most(self, left: usize, is_large: bool) -> usize {
        match self {
            Self::Work => left,
            Self::Transfer if is_large => left / 5,
            Self::Transfer => left / 4,
        }
    }
}

/// How many units a restricted client may have of a share.
fn restricted_most(is_large: bool) -> usize {
    RESTRICTED / UNIT / if is_large { 1 } else { 2 }
}

impl State {
    fn is_restricted(&self, client: Network) -> bool {
        self.restricted.get(&client).is_some_and(|until| *until > Instant::now())
    }

    /// The client with most on its way, if that is more than `least`.
    fn largest(&self, least: usize) -> Option<Network> {
        let transfers = self.shares.iter().filter(|((_, share), units)| *share == Share::Transfer && **units > least);
        transfers.max_by_key(|(_, units)| **units).map(|((client, _), _)| *client)
    }
}

impl MemoryPermit {
    /// How many bytes it is for.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `bytes` more for somebody who then has `total`.
    ///
    /// # Errors
    /// [`Fault::Busy`] when they are not there.
    pub(super) fn grow(&mut self, bytes: usize, total: usize) -> Result<(), Fault> {
        let after = self.bytes.saturating_add(bytes);
        let own = self.bytes.div_ceil(UNIT);
        let units = after.div_ceil(UNIT) - own;
        if units > 0
            && let Some((budget, purpose)) = &self.from
        {
            budget.take(*purpose, own, units, total > SMALL)?;
        }
        self.bytes = after;
        Ok(())
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        let units = self.bytes.div_ceil(UNIT);
        if units > 0
            && let Some((budget, purpose)) = &self.from
        {
            budget.give_back(*purpose, units);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::Purpose::{Common, Received, Sent, Work};
    use super::*;

    fn network(address: &str) -> Network {
        address.parse::<IpAddr>().unwrap().into()
    }

    fn held(budget: &MemoryBudget, purpose: Purpose, kibibytes: usize) -> Result<MemoryPermit, Fault> {
        let mut permit = budget.permit(purpose);
        permit.grow(kibibytes << 10, kibibytes << 10).map(|()| permit)
    }

    /// As many permits as there are.
    fn all(budget: &MemoryBudget, purpose: Purpose, kibibytes: usize) -> Vec<MemoryPermit> {
        std::iter::from_fn(|| held(budget, purpose, kibibytes).ok()).collect()
    }

    #[test]
    fn many_little_amounts_are_no_more_than_their_sum() {
        let budget = MemoryBudget::new(1 << 20);
        let mut permit = budget.permit(Common);
        (0..10_000).for_each(|_| permit.grow(1, 1).unwrap());
        assert_eq!(budget.free_bytes(), (1_024 - 10) << 10);
        drop(permit);
        assert_eq!(budget.free_bytes(), 1 << 20);
    }

    #[test]
    fn who_wants_little_gets_the_last_quarter() {
        let budget = MemoryBudget::new(1 << 20);
        let large = held(&budget, Common, 768).unwrap();
        assert!(held(&budget, Common, 257).is_err() && held(&budget, Common, 256).is_ok());
        drop(large);
        assert!(held(&budget, Common, 257).is_ok());
    }

    #[test]
    fn clients_hold_no_more_than_a_part_of_what_is_left_for_others() {
        let budget = MemoryBudget::new(4 << 20);
        let clients = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(network);
        let transfers = clients.map(|client| all(&budget, Received(client), 64));
        assert_eq!(transfers.each_ref().map(Vec::len), [12, 10, 8]);
        // A stranger gets as much as the last of them, and others have work done for them.
        assert!(held(&budget, Received(network("192.0.2.4")), 8 * 64).is_ok());
        assert!(held(&budget, Work(network("192.0.2.4")), 1 << 10).is_ok());
        drop(transfers);
        assert_eq!(budget.free_bytes(), 4 << 20);
        assert!(budget.state().shares.is_empty());
    }

    #[test]
    fn work_for_one_client_leaves_as_much_for_others() {
        let budget = MemoryBudget::new(4 << 20);
        let client = network("192.0.2.1");
        assert_eq!(all(&budget, Work(client), 512).len(), 4);
        let _large = held(&budget, Work(client), 3 << 10).unwrap();
        assert!(held(&budget, Work(client), 1).is_err());
    }

    #[test]
    fn what_is_sent_counts_for_its_client_alone() {
        let budget = MemoryBudget::new(1 << 20);
        let client = network("192.0.2.1");
        let sent = all(&budget, Sent(client), 100);
        assert_eq!((sent.len(), budget.free_bytes()), (2, 1 << 20));
        assert!(held(&budget, Received(client), 100).is_err());
        // A single thing is sent, however large it is.
        assert!(held(&budget, Sent(network("192.0.2.2")), 2 << 10).is_ok());
    }

    #[test]
    fn one_customer_has_one_share() {
        let budget = MemoryBudget::new(1 << 20);
        let _third = held(&budget, Received(network("2001:db8:1:1::1")), 256).unwrap();
        assert!(held(&budget, Received(network("2001:db8:1:2::1")), 1).is_err());
        assert!(held(&budget, Received(network("2001:db8:2:1::1")), 1).is_ok());
    }

    #[test]
    fn who_kept_others_waiting_has_less_made_and_sent_at_once() {
        let budget = MemoryBudget::new(64 << 20);
        let client = network("192.0.2.1");
        let count = |purpose, kibibytes| all(&budget, purpose, kibibytes).len();
        let sent = |kibibytes| count(Sent(client), kibibytes);
        assert_eq!((sent(512), sent(64), sent(4 << 10)), (25, 256, 3));
        assert_eq!(count(Work(client), 512), 64);
        budget.restrict(client);
        assert_eq!((sent(512), sent(64), sent(4 << 10)), (2, 8, 0));
        assert_eq!((count(Work(client), 512), count(Work(client), 2 << 10)), (2, 0));
        assert_eq!((count(Received(client), 16), count(Received(client), 4 << 10)), (32, 1));
        assert!(held(&budget, Sent(network("192.0.2.2")), 4 << 10).is_ok());
    }

    #[tokio::test]
    async fn it_tells_who_holds_what_others_are_refused() {
        let budget = MemoryBudget::new(1 << 20);
        let (client, other) = (network("192.0.2.1"), network("192.0.2.2"));
        let (_held, _other) =
            (held(&budget, Received(client), 200).unwrap(), held(&budget, Received(other), 160).unwrap());
        let used_up = Refusal { holder: Some(client), is_used_up: true };
        assert!(held(&budget, Common, 1_025).is_err());
        assert_eq!(budget.refused().await, used_up);
        let own = Refusal { holder: Some(other), is_used_up: false };
        assert!(held(&budget, Received(other), 200).is_err());
        assert_eq!(budget.refused().await, own);
        assert!(held(&budget, Common, 1_025).is_err() && held(&budget, Received(other), 200).is_err());
        assert_eq!(budget.refused().await, used_up);
    }
}
