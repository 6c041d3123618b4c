//! Requests that may change something are carried to their end.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use talelio::business::{Fault, client};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::envelope::ApiError;

/// Runs an unsafe method (RFC 9110, section 9.2.1) on a task of its own, among `tasks`. A
/// client that goes away takes its own task with it, which would leave things half done: an
/// account without its mail, or an article that the store has and
/// [`crate::response_cache`] never heard of.
pub(crate) async fn run_to_completion<F>(
    tasks: &TaskTracker,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response> + Send + 'static,
{
    if request.method().is_safe() {
        return answer(request).await;
    }
    let gone = CancellationToken::new();
    let answering = tasks.spawn(client::scope(gone.clone(), answer(request)));
    // Dropped with this, when the client goes away.
    let _told = gone.drop_guard();
    // Not answered means that the process ends.
    answering.await.unwrap_or_else(|error| ApiError::from(Fault::busy(error)).into_response())
}
