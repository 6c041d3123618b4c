//! The command line.

use clap::{Parser, Subcommand};

use crate::variables;

/// The publishing backend of talel.io.
///
/// Without a command it serves the API: under AWS Lambda when it is started by
/// Lambda, over HTTP otherwise.
#[derive(Parser)]
#[command(version, after_help = variables::help(), after_long_help = variables::help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Serve the API (the default)
    Serve,
    /// Make the DynamoDB table that `DYNAMODB_TABLE` names, as far as it is missing
    CreateTable,
    /// Ask the server on `PORT` of this machine whether it answers
    Healthcheck,
}
