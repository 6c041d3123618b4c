//! `talelio-backend`: the presentation layer and the composition root.
//!
//! `main` decides which of its jobs the program does, `app` puts the layers
//! together, `router` says which handler answers which route; a file per
//! resource holds its handlers. `server` and `lambda` are the two runtimes that
//! the same router stands behind.

mod accounts;
mod app;
mod articles;
mod body;
mod cli;
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
mod telemetry;
mod uploads;
mod users;
mod variables;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use config::Config;

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
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
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

type Done = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn serve(config: Config) -> Done {
    let runtime_api = config.lambda;
    let address = (config.host.clone(), config.port);
    let app = app::build(config).await?;
    let router = router::build(app);
    if runtime_api { lambda::run(router).await } else { server::run(router, address).await }
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
