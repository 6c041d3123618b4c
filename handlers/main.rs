//! `talelio-backend`: the presentation layer and the composition root.
//!
//! `main` decides which of its jobs the program does, `app` puts the layers
//! together, `site` is the way of a request and `router` says which handler answers which
//! route; a file per resource holds its handlers. `server` and `lambda` are the two
//! runtimes that the same site stands behind.

mod accounts;
mod answers;
mod app;
mod articles;
mod body;
mod cli;
mod completion;
mod conditional;
mod config;
mod cookies;
mod envelope;
mod extract;
mod health;
mod images;
mod lambda;
mod observe;
mod openapi;
mod projects;
mod router;
mod secret;
mod server;
mod site;
mod telemetry;
mod uploads;
mod users;
mod variables;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use cli::{Cli, Command};
use config::Config;
use site::Site;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before any thread is started: it changes the environment.
    let config = match Config::read() {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("talelio-backend cannot start:\n{problems}");
            return ExitCode::FAILURE;
        }
    };
    telemetry::start(&config);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let done = match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => runtime.block_on(serve(config)),
        Command::CreateTable => runtime.block_on(create_table(&config)),
        Command::Healthcheck => health::ask(&config.host, config.port),
    };
    // Whatever still runs after the drain is not waited for.
    runtime.shutdown_background();
    done.map_or_else(|error| fail(&*error), |()| ExitCode::SUCCESS)
}

/// Requests are answered on all cores but one, which is for what they wait for: the
/// embedded engine, hashing, rendering, and the system's own work for the network. Where
/// there are two cores, one thread that need not share answers more, and sooner, than two.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread().worker_threads((cores - 1).max(1)).enable_all().build()
}

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve(config: Config) -> Done {
    let runtime_api = config.lambda;
    let address = (config.host.clone(), config.port);
    let database = Arc::new(app::open_database(&config).await?);
    // While its first request is on its way, everything else is put together.
    let primed = tokio::spawn(app::prime(Arc::clone(&database)));
    let site = Site::new(app::build(config, database)?);
    primed.await??;
    if runtime_api { lambda::run(site).await } else { server::run(site, address).await }
}

async fn create_table(config: &Config) -> Done {
    let schema = app::open_database(config).await?.create_table().await?;
    println!("{schema}");
    Ok(())
}

/// Says what went wrong, down to its first cause.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    tracing::error!("{message}");
    ExitCode::FAILURE
}
