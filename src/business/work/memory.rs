//! The memory that is held for clients: counted, and refused to whoever comes when it is
//! used up.
//!
//! A [`MemoryBudget`] is what all requests together may hold. The work on one request runs
//! in a [`scope`]: what it needs in passing it [reserves](reserve) until the scope ends, and
//! so what it [receives](receive); what outlives it, such as the bytes of a response,
//! [holds](held) its part by itself. Outside of a scope nothing is counted, which is for
//! commands and tests. Whose response it is that is on its way is [counted](send) by whoever
//! sends it: many may be sent the same bytes.

use std::cell::RefCell;

use bytes::Bytes;

use super::budget::Purpose;
pub use super::budget::{MemoryBudget, MemoryPermit, Refusal};
use crate::business::{Fault, Network};

/// What the work on one request holds.
struct Scope {
    budget: MemoryBudget,
    client: Network,
    reserved: RefCell<MemoryPermit>,
    received: RefCell<MemoryPermit>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

/// Runs `work` for a client with what it takes of a budget until its end.
pub async fn scope<T>(budget: &MemoryBudget, client: Network, work: impl Future<Output = T>) -> T {
    let scope = Scope {
        client,
        reserved: RefCell::new(budget.permit(Purpose::Work(client))),
        received: RefCell::new(budget.permit(Purpose::Received(client))),
        budget: budget.clone(),
    };
    SCOPE.scope(scope, work).await
}

/// Whether the budget is enough for `bytes` at all, once others have given theirs back: beside
/// the last quarter, which such a request does not get, and what it holds already.
#[must_use]
pub fn is_enough(bytes: usize) -> bool {
    bytes <= most()
}

/// The most bytes of which [`is_enough`] says so.
#[must_use]
pub fn most() -> usize {
    SCOPE.try_with(|scope| scope.budget.bytes() / 8 * 5).unwrap_or(usize::MAX)
}

/// The most bytes of a response, however much memory there is.
const MAX_RESPONSE_BYTES: usize = 24 << 20;

/// The most bytes that the response to the request at hand may have: several fit into the
/// budget, with what it takes to make them.
#[must_use]
pub fn max_response_bytes() -> usize {
    SCOPE.try_with(|scope| (scope.budget.bytes() / 8).min(MAX_RESPONSE_BYTES)).unwrap_or(MAX_RESPONSE_BYTES)
}

/// Reserves `bytes` more until the work on this request ends.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn reserve(bytes: usize) -> Result<(), Fault> {
    grow(|scope| &scope.reserved, bytes)
}

/// Reserves `bytes` more, which a client sends, until the work on this request ends.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn receive(bytes: usize) -> Result<(), Fault> {
    grow(|scope| &scope.received, bytes)
}

/// Grows one permit of the work at hand, whose size is judged by all that it holds.
fn grow(permit: impl Fn(&Scope) -> &RefCell<MemoryPermit>, bytes: usize) -> Result<(), Fault> {
    let grow = |scope: &Scope| {
        let total = scope.reserved.borrow().bytes() + scope.received.borrow().bytes();
        permit(scope).borrow_mut().grow(bytes, total.saturating_add(bytes))
    };
    SCOPE.try_with(grow).unwrap_or(Ok(()))
}

/// Holds `bytes` until the permit is dropped, for work that ends whatever clients do.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn hold(bytes: usize) -> Result<MemoryPermit, Fault> {
    budget().hold(bytes)
}

/// Holds `bytes` that the client of the request at hand sends until the permit is dropped.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn hold_received(bytes: usize) -> Result<MemoryPermit, Fault> {
    let permit = SCOPE.try_with(|scope| scope.budget.permit(Purpose::Received(scope.client)));
    grown(permit.unwrap_or_default(), bytes)
}

/// How many bytes a request takes in any case until its response is sent, however small both
/// are: 12 KiB were measured over HTTP/2.
const REQUEST: usize = 16 << 10;

/// Holds what a request of a client takes in any case until the permit is dropped.
///
/// # Errors
/// [`Fault::Busy`] when it is not there.
pub fn admit(budget: &MemoryBudget, client: Network) -> Result<MemoryPermit, Fault> {
    grown(budget.permit(Purpose::Received(client)), REQUEST)
}

/// Counts `bytes` for a client while they are sent to it, until the permit is dropped.
///
/// # Errors
/// [`Fault::Busy`] when so much is on its way to that client already.
pub fn send(budget: &MemoryBudget, client: Network, bytes: usize) -> Result<MemoryPermit, Fault> {
    grown(budget.permit(Purpose::Sent(client)), bytes)
}

fn grown(mut permit: MemoryPermit, bytes: usize) -> Result<MemoryPermit, Fault> {
    permit.grow(bytes, bytes).map(|()| permit)
}

/// The budget of the request at hand, for work that goes on in another thread.
#[must_use]
pub fn budget() -> RequestBudget {
    RequestBudget(SCOPE.try_with(|scope| scope.budget.clone()).ok())
}

/// A budget, or none outside of a scope.
pub struct RequestBudget(Option<MemoryBudget>);

impl RequestBudget {
    /// Holds `bytes` until the permit is dropped.
    ///
    /// # Errors
    /// [`Fault::Busy`] when they are not there.
    pub fn hold(&self, bytes: usize) -> Result<MemoryPermit, Fault> {
        grown(self.0.as_ref().map(|budget| budget.permit(Purpose::Common)).unwrap_or_default(), bytes)
    }
}

/// `bytes` that hold a permit until the last clone of them is dropped.
pub fn holding(bytes: impl AsRef<[u8]> + Send + 'static, permit: MemoryPermit) -> Bytes {
    struct Holding<T>(T, #[expect(dead_code, reason = "dropped with the bytes")] MemoryPermit);
    impl<T: AsRef<[u8]>> AsRef<[u8]> for Holding<T> {
        fn as_ref(&self) -> &[u8] {
            self.0.as_ref()
        }
    }
    Bytes::from_owner(Holding(bytes, permit))
}

/// Bytes that hold their part of the budget until the last clone of them is dropped.
///
/// # Errors
/// [`Fault::Busy`] when it is not there.
pub fn held(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Bytes, Fault> {
    let permit = hold(bytes.as_ref().len())?;
    Ok(holding(bytes, permit))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    async fn scoped<T>(budget: &MemoryBudget, work: impl Future<Output = T>) -> T {
        scope(budget, IpAddr::from(Ipv4Addr::LOCALHOST).into(), work).await
    }

    #[tokio::test]
    async fn a_scope_gives_back_what_it_reserved() {
        let budget = MemoryBudget::new(1 << 20);
        let work = async {
            reserve(500 << 10).unwrap();
            receive(100 << 10).unwrap();
            assert!(matches!(reserve(300 << 10), Err(Fault::Busy(_))), "the last quarter is for others");
            assert_eq!(max_response_bytes(), 128 << 10);
        };
        scoped(&budget, work).await;
        assert_eq!(budget.free_bytes(), 1 << 20);
    }

    #[tokio::test]
    async fn bytes_hold_their_share_as_long_as_a_part_of_them_is_there() {
        let budget = MemoryBudget::new(1 << 20);
        let bytes = scoped(&budget, async { held(vec![0; 10 << 10]).unwrap() }).await;
        let part = bytes.slice(..1);
        drop(bytes);
        assert_eq!(budget.free_bytes(), (1_024 - 10) << 10);
        drop(part);
        assert_eq!(budget.free_bytes(), 1 << 20);
    }

    #[test]
    fn nothing_is_counted_outside_of_a_scope() {
        assert!(reserve(usize::MAX).is_ok() && hold(usize::MAX).is_ok() && held(vec![0]).is_ok());
    }
}
