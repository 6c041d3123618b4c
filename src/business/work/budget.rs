//! How much memory clients may take together, and who has how much of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::business::{Fault, Network};

/// What the budget is counted in, in bytes.
const UNIT: usize = 1_024;

/// A request that needs no more than this, in bytes, may have the last quarter of the
/// budget: those who want little are served while others want too much.
const SMALL: usize = 256 << 10;

/// How many bytes may be held at once. Clones share it.
///
/// What is held for as long as a client likes, such as a response that it reads, is also
/// counted for that client, and is never more than what is left for others, or half of that
/// for large things: one client may have a third of the budget, and half of it with small
/// things; two may have a quarter, and a third, each.
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
    /// What is held for as long as clients like, by what one customer may have of networks.
    clients: HashMap<Network, usize>,
    refusal: Option<Refusal>,
}

/// Why somebody was refused memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is used up.
    UsedUp,
    /// They hold as much as is left for others.
    ShareUsedUp(Network),
}

/// A part of a budget, given back when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryPermit {
    budget: Option<MemoryBudget>,
    client: Option<Network>,
    bytes: usize,
}

impl MemoryBudget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let state = State { free: bytes / UNIT, clients: HashMap::new(), refusal: None };
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

    /// A permit for nothing yet; for a `client` when it is held for as long as that likes.
    pub(super) fn permit(&self, client: Option<Network>) -> MemoryPermit {
        MemoryPermit { budget: Some(self.clone()), client: client.map(Network::customer), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn free_bytes(&self) -> usize {
        self.state().free * UNIT
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `units`, of which there are to be more than the last quarter if it `is_large`.
    fn take(&self, units: usize, client: Option<Network>, is_large: bool) -> Result<(), Fault> {
        let mut state = self.state();
        let kept = if is_large { self.0.bytes / UNIT / 4 } else { 0 };
        let Some(left) = state.free.checked_sub(units).filter(|left| *left >= kept) else {
            state.refusal = Some(Refusal::UsedUp);
            self.0.refused.notify_one();
            return Err(Fault::busy("the memory for requests is used up"));
        };
        if let Some(client) = client {
            let share = state.clients.get(&client).map_or(0, |share| *share) + units;
            let most = if is_large { left / 2 } else { left };
            if share > most {
                state.refusal.get_or_insert(Refusal::ShareUsedUp(client));
                self.0.refused.notify_one();
                return Err(Fault::busy(format!("the share of {client} in the memory for requests is used up")));
            }
            state.clients.insert(client, share);
        }
        state.free = left;
        Ok(())
    }

    fn give_back(&self, units: usize, client: Option<Network>) {
        let mut state = self.state();
        state.free += units;
        if let Some(client) = client
            && let Entry::Occupied(mut share) = state.clients.entry(client)
        {
            *share.get_mut() -= units;
            if *share.get() == 0 {
                share.remove();
            }
        }
    }
}

impl MemoryPermit {
    /// How many bytes it is for.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `bytes` more for somebody who then has `total`.
    ///
    /// # Errors
    /// [`Fault::Busy`] when they are not there.
    pub(super) fn grow(&mut self, bytes: usize, total: usize) -> Result<(), Fault> {
        let after = self.bytes.saturating_add(bytes);
        let units = after.div_ceil(UNIT) - self.bytes.div_ceil(UNIT);
        if units > 0
            && let Some(budget) = &self.budget
        {
            budget.take(units, self.client, total > SMALL)?;
        }
        self.bytes = after;
        Ok(())
    }
}

impl Drop for MemoryPermit {
    fn drop(&mut self) {
        let units = self.bytes.div_ceil(UNIT);
        if units > 0
            && let Some(budget) = &self.budget
        {
            budget.give_back(units, self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn network(address: &str) -> Network {
        address.parse::<IpAddr>().unwrap().into()
    }

    fn held(budget: &MemoryBudget, client: Option<Network>, kibibytes: usize) -> Result<MemoryPermit, Fault> {
        let mut permit = budget.permit(client);
        permit.grow(kibibytes << 10, kibibytes << 10).map(|()| permit)
    }

    #[test]
    fn many_little_amounts_are_no_more_than_their_sum() {
        let budget = MemoryBudget::new(1 << 20);
        let mut permit = budget.permit(None);
        (0..10_000).for_each(|_| permit.grow(1, 1).unwrap());
        assert_eq!(budget.free_bytes(), (1_024 - 10) << 10);
        drop(permit);
        assert_eq!(budget.free_bytes(), 1 << 20);
    }

    #[test]
    fn who_wants_little_gets_the_last_quarter() {
        let budget = MemoryBudget::new(1 << 20);
        let large = held(&budget, None, 768).unwrap();
        assert!(held(&budget, None, 257).is_err() && held(&budget, None, 256).is_ok());
        drop(large);
        assert!(held(&budget, None, 257).is_ok());
    }

    #[test]
    fn a_client_holds_no_more_than_is_left_for_others() {
        let budget = MemoryBudget::new(1 << 20);
        let clients = ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|address| Some(network(address)));
        let large = held(&budget, clients[0], 341).unwrap();
        assert!(held(&budget, clients[0], 257).is_err() && held(&budget, clients[1], 257).is_err());
        drop(large);
        let one: Vec<_> = std::iter::from_fn(|| held(&budget, clients[0], 64).ok()).collect();
        let other: Vec<_> = std::iter::from_fn(|| held(&budget, clients[1], 64).ok()).collect();
        assert_eq!((one.len(), other.len()), (8, 4));
        assert!(held(&budget, clients[2], 128).is_ok() && held(&budget, None, 256).is_ok());
        drop(other);
        assert!(held(&budget, clients[2], 256).is_ok());
        drop(one);
        assert_eq!(budget.free_bytes(), 1 << 20);
        assert!(budget.state().clients.is_empty());
    }

    #[test]
    fn one_customer_has_one_share() {
        let budget = MemoryBudget::new(1 << 20);
        let _third = held(&budget, Some(network("2001:db8:1:1::1")), 341).unwrap();
        assert!(held(&budget, Some(network("2001:db8:1:2::1")), 256).is_err());
        assert!(held(&budget, Some(network("2001:db8:2:1::1")), 1).is_ok());
    }

    #[tokio::test]
    async fn it_tells_who_was_refused() {
        let budget = MemoryBudget::new(1 << 20);
        let client = network("192.0.2.1");
        assert!(held(&budget, Some(client), 513).is_err());
        assert_eq!(budget.refused().await, Refusal::ShareUsedUp(client));
        assert!(held(&budget, None, 1_025).is_err() && held(&budget, Some(client), 513).is_err());
        assert_eq!(budget.refused().await, Refusal::UsedUp);
    }
}
