//! The memory that is held for clients: counted, and refused to whoever comes when it is
//! used up.
//!
//! A [`MemoryBudget`] is what all requests together may hold. The work on one request runs
//! in a [scope](MemoryBudget::scope): what it needs in passing it [reserves](reserve) until
//! the scope ends; what outlives it, such as a response that is being sent, holds its share
//! [by itself](hold). Outside of a scope nothing is counted, which is for commands and tests.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::business::Fault;

/// What the budget is counted in, in bytes.
const UNIT: usize = 1_024;

/// A request that needs no more than this, in bytes, may have the last quarter of the
/// budget: those who want little are served while others want too much.
const SMALL: usize = 256 << 10;

/// How many bytes may be held at once. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    free: Arc<Semaphore>,
    bytes: usize,
    /// Told when somebody was refused.
    refused: Arc<Notify>,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryPermit(Option<OwnedSemaphorePermit>);

/// What the work on one request has reserved so far.
struct Scope {
    budget: MemoryBudget,
    reserved: RefCell<(MemoryPermit, usize)>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

impl MemoryBudget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))),
            bytes,
            refused: Arc::default(),
        }
    }

    /// How many bytes that are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Resolves when somebody is refused, or was since this was last called.
    pub async fn refused(&self) {
        self.refused.notified().await;
    }

    /// Runs `work` with what it reserves, and takes that back at its end.
    pub async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        let scope = Scope { budget: self.clone(), reserved: RefCell::default() };
        SCOPE.scope(scope, work).await
    }

    /// The most bytes that one response may have: several fit into the budget, with what
    /// it takes to make them.
    fn max_response_bytes(&self) -> usize {
        (self.bytes / 8).min(MAX_RESPONSE_BYTES)
    }

    /// Takes what somebody who has `before` bytes lacks for `total`.
    fn take(&self, before: usize, total: usize) -> Result<OwnedSemaphorePermit, Fault> {
        let used_up = || {
            self.refused.notify_one();
            Fault::busy("the memory for requests is used up")
        };
        let units = total.div_ceil(UNIT) - before.div_ceil(UNIT);
        let left = if total > SMALL { self.bytes / UNIT / 4 } else { 0 };
        if self.free.available_permits() < units.saturating_add(left) {
            return Err(used_up());
        }
        let units = u32::try_from(units).map_err(|_| used_up())?;
        Arc::clone(&self.free).try_acquire_many_owned(units).map_err(|_| used_up())
    }
}

/// Whether the budget is enough for `bytes` at all, once others have given theirs back.
#[must_use]
pub fn is_enough(bytes: usize) -> bool {
    SCOPE.try_with(|scope| bytes <= scope.budget.bytes / 2).unwrap_or(true)
}

/// The most bytes of a response, however much memory there is.
const MAX_RESPONSE_BYTES: usize = 24 << 20;

/// The most bytes that the response to the request at hand may have.
#[must_use]
pub fn max_response_bytes() -> usize {
    SCOPE.try_with(|scope| scope.budget.max_response_bytes()).unwrap_or(MAX_RESPONSE_BYTES)
}

/// Reserves `bytes` more until the work on this request ends.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn reserve(bytes: usize) -> Result<(), Fault> {
    let reserve = |scope: &Scope| {
        let (permit, total) = &mut *scope.reserved.borrow_mut();
        let more = scope.budget.take(*total, total.saturating_add(bytes))?;
        *total += bytes;
        match &mut permit.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    };
    SCOPE.try_with(reserve).unwrap_or(Ok(()))
}

/// Holds `bytes` until the permit is dropped.
///
/// # Errors
/// [`Fault::Busy`] when they are not there.
pub fn hold(bytes: usize) -> Result<MemoryPermit, Fault> {
    budget().hold(bytes)
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
        Ok(MemoryPermit(self.0.as_ref().map(|budget| budget.take(0, bytes)).transpose()?))
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

/// Bytes that hold their share of the budget until the last clone of them is dropped.
///
/// # Errors
/// [`Fault::Busy`] when it is not there.
pub fn held(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Bytes, Fault> {
    let permit = hold(bytes.as_ref().len())?;
    Ok(holding(bytes, permit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scope_gives_back_what_it_reserved() {
        let budget = MemoryBudget::new(1 << 20);
        let work = async {
            reserve(300 << 10).unwrap();
            reserve(300 << 10).unwrap();
            assert!(matches!(reserve(300 << 10), Err(Fault::Busy(_))), "the last quarter is for others");
            assert_eq!(max_response_bytes(), 128 << 10);
        };
        budget.scope(work).await;
        assert_eq!(budget.free.available_permits(), 1_024);
    }

    #[tokio::test]
    async fn many_little_reservations_are_no_more_than_their_sum() {
        let budget = MemoryBudget::new(1 << 20);
        let work = async {
            (0..10_000).for_each(|_| reserve(1).unwrap());
            assert_eq!(budget.free.available_permits(), 1_024 - 10);
        };
        budget.scope(work).await;
    }

    #[tokio::test]
    async fn who_wants_little_gets_the_last_quarter() {
        let budget = MemoryBudget::new(1 << 20);
        let large = budget.scope(async { hold(768 << 10).unwrap() }).await;
        budget
            .scope(async { assert!(hold(257 << 10).is_err() && hold(256 << 10).is_ok() && reserve(256 << 10).is_ok()) })
            .await;
        drop(large);
        assert_eq!(budget.free.available_permits(), 1_024);
    }

    #[tokio::test]
    async fn bytes_hold_their_share_as_long_as_a_part_of_them_is_there() {
        let budget = MemoryBudget::new(1 << 20);
        let bytes = budget.scope(async { held(vec![0; 10 << 10]).unwrap() }).await;
        let part = bytes.slice(..1);
        drop(bytes);
        assert_eq!(budget.free.available_permits(), 1_014);
        drop(part);
        assert_eq!(budget.free.available_permits(), 1_024);
    }

    #[test]
    fn nothing_is_counted_outside_of_a_scope() {
        assert!(reserve(usize::MAX).is_ok() && hold(usize::MAX).is_ok());
    }
}
