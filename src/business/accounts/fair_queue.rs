//! A queue for a few slots to work in, fair to those who wait: networks take turns,
//! so that many requests from one keep nobody from another out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::business::{Fault, Network};

/// How many may wait in a lane. At about 20 ms of work each, the last of them waits for a
/// second or two.
pub const MAX_WAITING: usize = 64;

/// Slots to work in, and who waits for one. Clones share them.
#[derive(Clone)]
pub(super) struct FairQueue(Arc<Mutex<State>>);

struct State {
    free: usize,
    /// How many of a network may wait.
    max_of_network: usize,
    /// Those who wait and are not known here, and those who are. The first lane is next, if
    /// anybody is in it.
    lanes: VecDeque<Lane>,
}

/// Those who wait, by network; the first network is next.
struct Lane {
    known: bool,
    waiting: VecDeque<(Network, VecDeque<oneshot::Sender<Slot>>)>,
}

/// A slot to work in, given to the next when it is dropped.
pub(super) struct Slot(Option<FairQueue>);

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.pass_on();
        }
    }
}

impl FairQueue {
    /// A queue for so many `slots`, of which so many of a network wait at most.
    pub(super) fn new(slots: usize, max_of_network: usize) -> Self {
        let lane = |known| Lane { known, waiting: VecDeque::new() };
        Self(Arc::new(Mutex::new(State { free: slots, max_of_network, lanes: [true, false].map(lane).into() })))
    }

    /// A slot, once it is the turn of `network`; whoever is `known` here and whoever is not take
    /// turns. [`Fault::Busy`] when too many wait already.
    pub(super) async fn slot(&self, network: Network, known: bool) -> Result<Slot, Fault> {
        // Whoever has a site has many networks.
        let network = network.customer();
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Slot(Some(self.clone())));
            }
            state.enqueue(network, known)?
        };
        // Told nothing: another network's turn came before ours could.
        turn.await.map_err(|_| too_many())
    }

    /// Gives a slot that became free to the next who still waits.
    fn pass_on(self) {
        loop {
            let next = {
                let mut state = self.state();
                let Some(next) = state.next() else {
                    state.free += 1;
                    return;
                };
                next
            };
            match next.send(Slot(Some(self.clone()))) {
                Ok(()) => return,
                // Gone. The slot is not dropped, which would be to pass it on once more.
                Err(mut slot) => slot.0 = None,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enqueue(&mut self, network: Network, known: bool) -> Result<oneshot::Receiver<Slot>, Fault> {
        let max_of_network = self.max_of_network;
        let lane = self.lanes.iter_mut().find(|lane| lane.known == known);
        lane.ok_or_else(too_many)?.enqueue(network, max_of_network)
    }

    fn next(&mut self) -> Option<oneshot::Sender<Slot>> {
        let (index, next) = self.lanes.iter_mut().enumerate().find_map(|(index, lane)| Some((index, lane.next()?)))?;
        let served = self.lanes.remove(index)?;
        self.lanes.push_back(served);
        Some(next)
    }
}

impl Lane {
    fn enqueue(&mut self, network: Network, max_of_network: usize) -> Result<oneshot::Receiver<Slot>, Fault> {
        for (_, turns) in &mut self.waiting {
            turns.retain(|turn| !turn.is_closed());
        }
        self.waiting.retain(|(_, turns)| !turns.is_empty());
        let of_network = self.waiting.iter().find(|(other, _)| *other == network).map_or(0, |(_, turns)| turns.len());
        if of_network >= max_of_network {
            return Err(too_many());
        }
        if self.waiting.iter().map(|(_, turns)| turns.len()).sum::<usize>() >= MAX_WAITING {
            self.make_room(of_network)?;
        }
        let (turn, receiver) = oneshot::channel();
        match self.waiting.iter_mut().find(|(other, _)| *other == network) {
            Some((_, turns)) => turns.push_back(turn),
            None => self.waiting.push_back((network, VecDeque::from([turn]))),
        }
        Ok(receiver)
    }

    /// Turns away the last of the network that has most in the lane, if those are more
    /// than the newcomer would have.
    fn make_room(&mut self, of_newcomer: usize) -> Result<(), Fault> {
        let longest = self.waiting.iter_mut().max_by_key(|(_, turns)| turns.len());
        let (_, turns) = longest.filter(|(_, turns)| turns.len() > of_newcomer + 1).ok_or_else(too_many)?;
        turns.pop_back();
        Ok(())
    }

    fn next(&mut self) -> Option<oneshot::Sender<Slot>> {
        let (network, mut turns) = self.waiting.pop_front()?;
        let next = turns.pop_front();
        if !turns.is_empty() {
            self.waiting.push_back((network, turns));
        }
        next
    }
}

fn too_many() -> Fault {
    Fault::busy("too many passwords wait to be hashed")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn network(number: u8) -> Network {
        std::net::IpAddr::from(Ipv4Addr::new(192, 0, 2, number)).into()
    }

    /// Waits for a slot in the background.
    fn wait(queue: &FairQueue, number: u8) -> tokio::task::JoinHandle<Result<Slot, Fault>> {
        let queue = queue.clone();
        tokio::spawn(async move { queue.slot(network(number), false).await })
    }

    #[tokio::test]
    async fn networks_take_turns() {
        let queue = FairQueue::new(1, 8);
        let slot = queue.slot(network(1), false).await.unwrap();
        let flood: Vec<_> = (0..8).map(|_| wait(&queue, 1)).collect();
        tokio::task::yield_now().await;
        assert!(queue.slot(network(1), false).await.is_err(), "no more of one network");
        let other = wait(&queue, 2);
        tokio::task::yield_now().await;
        drop(slot);
        // One of the flood is before it.
        let mut flood = flood.into_iter();
        drop(flood.next().unwrap().await.unwrap().unwrap());
        let slot = other.await.unwrap().unwrap();
        assert_eq!(flood.filter(tokio::task::JoinHandle::is_finished).count(), 0);
        drop(slot);
    }

    #[tokio::test]
    async fn a_network_with_few_takes_the_room_of_one_with_many() {
        let queue = FairQueue::new(1, 8);
        let _slot = queue.slot(network(0), false).await.unwrap();
        let waiting: Vec<_> = (0..MAX_WAITING).map(|number| wait(&queue, u8::try_from(number / 8).unwrap())).collect();
        tokio::task::yield_now().await;
        let newcomer = wait(&queue, 200);
        tokio::task::yield_now().await;
        assert!(!newcomer.is_finished());
        tokio::task::yield_now().await;
        assert_eq!(waiting.iter().filter(|waiting| waiting.is_finished()).count(), 1);
    }

    #[tokio::test]
    async fn whoever_is_known_comes_second_at_the_latest() {
        let queue = FairQueue::new(1, 8);
        let slot = queue.slot(network(0), false).await.unwrap();
        let flood: Vec<_> = (0..MAX_WAITING).map(|number| wait(&queue, u8::try_from(number).unwrap() + 1)).collect();
        // Not all of so many tasks have had their turn after one.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        assert!(queue.slot(network(200), false).await.is_err(), "the lane of those who are not known is full");
        let known = {
            let queue = queue.clone();
            tokio::spawn(async move { queue.slot(network(200), true).await })
        };
        tokio::task::yield_now().await;
        drop(slot);
        drop(known.await.unwrap().unwrap());
        drop(flood);
    }

    #[tokio::test]
    async fn the_places_of_those_who_went_are_not_lost() {
        let queue = FairQueue::new(1, 8);
        let slot = queue.slot(network(1), false).await.unwrap();
        let gone = wait(&queue, 2);
        let still_there = wait(&queue, 3);
        tokio::task::yield_now().await;
        gone.abort();
        let _ = gone.await;
        drop(slot);
        drop(still_there.await.unwrap().unwrap());
        drop(queue.slot(network(4), false).await.unwrap());
        assert_eq!(queue.state().free, 1);
    }
}
