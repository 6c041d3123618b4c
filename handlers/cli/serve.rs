//! `talelio-backend serve`, which is also what it does without a command.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::api::router;
use crate::app::{self, BoxError};
use crate::config::{Config, MetricsConfig};
use crate::http::service::HttpService;
use crate::metrics::{self, CloudWatch};
use crate::runtimes::{lambda, server};

/// How long the start waits for the store.
const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// How long the end waits for what jobs do then.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves the API until the process is told to stop.
pub(super) async fn run(config: Config) -> Result<(), BoxError> {
    let runtime_api = config.lambda;
    let address = (config.host.clone(), config.port);
    let MetricsConfig { port: metrics_port, namespace } = config.metrics.clone();
    if !config.unset.is_empty() {
        let variables = config.unset.join(", ");
        tracing::warn!(variables, "not set in production; `Configuration` in the README says what then happens");
    }
    config.log_places();
    let database = Arc::new(app::open_database(&config).await?);
    // While its first request is on its way, everything else is put together.
    let warming_up = tokio::spawn(app::warm_up(Arc::clone(&database)));
    let app = app::build(config, database)?;
    let jobs = app.jobs.clone();
    let service = HttpService::new(app.clone(), router::build(app));
    // A store that answers says at once whether there is a table. One that does not is not waited for.
    if let Ok(warmed_up) = timeout(WARM_UP_TIMEOUT, warming_up).await {
        warmed_up??;
    }
    if runtime_api {
        let metrics = namespace.map(CloudWatch::start).transpose()?;
        return lambda::run(service, jobs, metrics).await;
    }
    if let Some(port) = metrics_port {
        metrics::serve((address.0.clone(), port), service.memory().clone()).await?;
    }
    // They end with the runtime, wherever they are.
    let running = jobs.clone();
    tokio::spawn(async move { running.run_for_ever().await });
    server::run(service, address).await?;
    let _ = timeout(EXIT_TIMEOUT, jobs.run_at_exit()).await;
    Ok(())
}
