//! What the operator's monitoring is told: what is counted here and in the layers below, by the
//! names that `docs/operations.md` lists. The HTTP server [serves](serve) it to Prometheus, on a
//! port of its own; on Lambda it is [written](CloudWatch) into the log, for CloudWatch. Nothing is
//! counted when nobody asks.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use metrics::{counter, describe_counter, gauge, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use metrics_exporter_prometheus::PrometheusBuilder;
use talelio::business::memory::MemoryBudget;
use tokio::net::TcpListener;
use tokio::time::interval;

use crate::app::BoxError;

/// Upper ends of what requests are sorted by, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What the names mean. `docs/operations.md` says more.
const DESCRIPTIONS: [(&str, &str); 14] = [
    ("talelio_build_info", "Which version runs"),
    ("talelio_requests_total", "Requests that were answered"),
    ("talelio_request_seconds", "How long they took, in seconds"),
    ("talelio_response_cache_total", "What of the cached routes was a hit, a miss or stale"),
    ("talelio_memory_budget_bytes", "What requests may hold at once"),
    ("talelio_memory_free_bytes", "What is left of that"),
    ("talelio_memory_refusals_total", "How often that was not there"),
    ("talelio_connections", "Open connections"),
    ("talelio_engine_queue", "Requests that wait for the embedded engine"),
    ("talelio_table_requests_total", "What became of requests to the table"),
    ("talelio_table_retries_total", "How often one was sent again"),
    ("talelio_object_requests_total", "What became of requests to the storage of images"),
    ("talelio_job_runs_total", "How often a job that had something to do came to its end, or failed"),
    ("talelio_job_items_total", "How many things jobs did, or could not do"),
];

/// How often what was recorded of times is sorted, so that it does not pile up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Set when anything is counted.
static COUNTING: OnceLock<()> = OnceLock::new();

/// Counts from now on, and serves what was counted, with what is left of `memory`, on a host and a
/// port.
pub(crate) async fn serve((host, port): (String, u16), memory: MemoryBudget) -> Result<(), BoxError> {
    let listener = TcpListener::bind((host.as_str(), port)).await;
    let listener = listener.map_err(|error| format!("METRICS_PORT, {host}:{port}: {error}"))?;
    let handle = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
    COUNTING.get_or_init(|| ());
    for (name, description) in DESCRIPTIONS {
        // Whatever kind it is.
        describe_counter!(name, description);
    }
    gauge!("talelio_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let address = listener.local_addr()?;
    tracing::info!(%address, "metrics on http://{address}/metrics");
    let rendered = handle.clone();
    let render = move || {
        record_memory(&memory);
        let text = rendered.render();
        async { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    let router = Router::new().route("/metrics", get(render));
    tokio::spawn(async move {
        let mut upkeep = interval(UPKEEP);
        loop {
            upkeep.tick().await;
            handle.run_upkeep();
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// The metrics in CloudWatch, by its embedded metric format (EMF).
#[derive(Clone, Copy)]
pub(crate) struct CloudWatch(&'static Collector);

impl CloudWatch {
    /// Counts from now on, under a namespace.
    pub(crate) fn start(namespace: String) -> Result<Self, BoxError> {
        let collector = Builder::new().cloudwatch_namespace(namespace).init()?;
        COUNTING.get_or_init(|| ());
        Ok(Self(collector))
    }

    /// Writes into the log what was counted since the last time.
    pub(crate) fn write(self) {
        if let Err(error) = self.0.flush(std::io::stdout().lock()) {
            tracing::warn!(%error, "metrics not written");
        }
    }
}

/// A request was answered after so many seconds.
pub(crate) fn record_request(method: &Method, route: &str, status: StatusCode, seconds: f64) {
    if COUNTING.get().is_none() {
        return;
    }
    // Whatever clients make up is one thing, so that they cannot make us count more and more.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let method = known.iter().find(|known| *known == method).map_or("other", Method::as_str).to_owned();
    let route = route.to_owned();
    let status = status.as_str().to_owned();
    histogram!("talelio_request_seconds", "route" => route.clone()).record(seconds);
    counter!("talelio_requests_total", "method" => method, "route" => route, "status" => status).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "no machine has so much memory")]
fn record_memory(budget: &MemoryBudget) {
    gauge!("talelio_memory_budget_bytes").set(budget.bytes() as f64);
    gauge!("talelio_memory_free_bytes").set(budget.free_bytes() as f64);
}
