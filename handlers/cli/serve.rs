//! `talelio-backend serve`, which is also what it does without a command.

use std::sync::Arc;

use crate::api::router;
use crate::app::{self, Failure};
use crate::config::Config;
use crate::http::site::Site;
use crate::runtimes::{lambda, server};

/// Serves the API until the process is told to stop.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let runtime_api = config.lambda;
    let address = (config.host.clone(), config.port);
    let database = Arc::new(app::open_database(&config).await?);
    // While its first request is on its way, everything else is put together.
    let warming_up = tokio::spawn(app::warm_up(Arc::clone(&database)));
    let app = app::build(config, database)?;
    let site = Site::new(app.clone(), router::build(app));
    warming_up.await??;
    if runtime_api { lambda::run(site).await } else { server::run(site, address).await }
}
