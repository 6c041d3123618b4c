//! Work that takes a core for a while, and should not keep readers waiting.

use std::thread;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::block_in_place;

use crate::business::Fault;

/// What is done at once, if it is about no more than this many bytes: it takes less than a
/// millisecond.
const SHORT: usize = 64 << 10;

/// Long work that readers wait for is done one after the other: it leaves the other cores,
/// or half of the only one, to those who need little.
static LONG: Semaphore = Semaphore::const_new(1);

/// Does `work` on a thread of its own, which leaves the cores to any other that wants them.
///
/// # Errors
/// [`Fault::Busy`] when there can be no more threads, [`Fault::Failed`] when `work` panicked.
pub(in crate::business) async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let (done, result) = oneshot::channel();
    let work = move || {
        lower_priority();
        // Nobody waits any more when the caller has gone.
        let _ = done.send(work());
    };
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(Fault::busy)?;
    result.await.map_err(Fault::failed)
}

/// Lets readers have the cores first: this thread, which ends with its work, gets a
/// thirtieth of what any other does, and all that the others leave. Elsewhere than on
/// Linux this would be about the process and not the thread.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(15) {
        tracing::debug!(%error, "work in the background has ordinary priority");
    }
}

/// Does `work` on about so many `bytes`, which a reader waits for: at once if that is short,
/// otherwise one after the other and without holding up the requests that share the thread.
pub async fn long<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes <= SHORT {
        return work();
    }
    let _permit = LONG.acquire().await;
    // Only this kind of runtime has another thread to go on.
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread { block_in_place(work) } else { work() }
}
