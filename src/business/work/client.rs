//! Whether whoever asked still waits for the answer.
//!
//! Work that has changed something is done to its end. Before that, what takes long is
//! given up when its client has gone.

use tokio_util::sync::CancellationToken;

tokio::task_local! {
    static GONE: CancellationToken;
}

/// Runs `work` for a client, of whom `gone` says when they have gone.
pub async fn scope<T>(gone: CancellationToken, work: impl Future<Output = T>) -> T {
    GONE.scope(gone, work).await
}

/// Tells when the client has gone, who is always there outside of a scope.
pub(in crate::business) fn gone() -> CancellationToken {
    GONE.try_with(Clone::clone).unwrap_or_default()
}
