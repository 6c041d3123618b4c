//! Time, and what is limited by it, for tests on the library itself.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use talelio::business::{Clock, Limit, LimitStore, Limits, Network, Rates, Timestamp};

/// A clock that stands until it is moved.
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2024-01-01T00:00:00Z".parse().unwrap())))
    }

    pub fn advance(&self, seconds: u32) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus_seconds(seconds);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Ten an hour of everything, and pauses of a quarter of an hour at most.
pub fn limits(store: Arc<dyn LimitStore>, clock: &Arc<StandingClock>) -> Arc<Limits> {
    let rate = |_: Limit| "10/hour".parse().unwrap();
    Arc::new(Limits::new(store, Arc::clone(clock) as Arc<dyn Clock>, Rates::new(rate, 900)))
}

/// The network of this machine.
pub fn localhost() -> Network {
    IpAddr::from(Ipv4Addr::LOCALHOST).into()
}
