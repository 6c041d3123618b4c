//! The command line, a file per subcommand.

mod check;
mod create_table;
mod healthcheck;
mod rerender;
mod serve;

use clap::{Parser, Subcommand};

use crate::app::BoxError;
use crate::config::{Config, variables};

/// The publishing backend of talel.io.
///
/// Without a command it serves the API: under AWS Lambda when it is started by
/// Lambda, over HTTP otherwise.
#[derive(Parser)]
#[command(version, after_help = variables::help(), after_long_help = variables::help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Serve the API (the default)
    Serve,
    /// Make the DynamoDB table that `DYNAMODB_TABLE` names, as far as it is missing
    CreateTable,
    /// Read everything that is stored, and say what is damaged or does not agree
    ///
    /// On the embedded store, stop the server first. On DynamoDB it may go on; this reads the whole table
    /// and every image, which costs what such reads cost.
    Check {
        /// Mend what can be before that: counts, lists, neighbours, profiles. Stop every server first, and make a backup
        #[arg(long)]
        repair: bool,
    },
    /// Render again the articles and projects that an older version of the program has rendered
    ///
    /// On the embedded store, stop the server first. It can be broken off at any time; run again, it goes on
    /// where it was.
    Rerender {
        /// Only show what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Ask the server on `PORT` of this machine whether it answers
    Healthcheck,
}

impl Cli {
    /// Whether it asks for the server, and not for a job that is soon done.
    pub(crate) fn is_serve(&self) -> bool {
        matches!(self.command, None | Some(Command::Serve))
    }

    /// Does what the command line asks for.
    pub(crate) async fn run(self, config: Config) -> Result<(), BoxError> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await,
            Command::CreateTable => create_table::run(&config).await,
            Command::Check { repair } => check::run(config, repair).await,
            Command::Rerender { dry_run } => rerender::run(config, dry_run).await,
            Command::Healthcheck => healthcheck::run(&config.host, config.port),
        }
    }
}
