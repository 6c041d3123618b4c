//! `talelio-backend`: the presentation layer and the composition root.
//!
//! `main` reads the configuration and does what the command line asks for; [`app`] puts the
//! layers together, [`telemetry`] starts the log, [`metrics`] serves what is counted, and [`allocator`]
//! settles how memory is given back. Everything else has a folder:
//!
//! * [`cli`]: the subcommands;
//! * [`runtimes`]: how requests come in, over HTTP or as events of AWS Lambda;
//! * [`http`]: the way of a request from there to its handler, and its parts;
//! * [`api`]: the routes, a file per resource;
//! * [`pages`]: what people look at in a browser;
//! * [`response_cache`], [`openapi`], [`config`]: what their names say.
//!
//! `docs/architecture.md` takes two requests through them.

mod allocator;
mod api;
mod app;
mod cli;
mod config;
#[cfg(test)]
mod generated_docs;
mod http;
mod metrics;
mod openapi;
mod pages;
mod response_cache;
mod runtimes;
mod telemetry;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rustix::fs::Mode;

use cli::Cli;
use config::Config;

/// How long the end waits for what still runs.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.is_serve() {
        allocator::configure();
    }
    // What is written is for its owner only: accounts, mail, keys.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
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
    let done = runtime.block_on(cli.run(config));
    // So that the store is closed. Whatever still runs after the drain is not waited for longer.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    done.map_or_else(|error| fail(&*error), |()| ExitCode::SUCCESS)
}

/// Requests are answered on all cores but one, which is for what they wait for: the
/// embedded engine, hashing, rendering, and the system's own work for the network. Where
/// there are two cores, one thread that need not share answers more, and sooner, than two.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread().worker_threads((cores - 1).max(1)).enable_all().build()
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
