//! The log: for people in development, JSON everywhere else.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Config, Environment};

/// Starts logging to standard output.
pub(crate) fn start(config: &Config) {
    // It complains of an engine without connections, and of nothing that anybody could mend.
    let noise = "aws_smithy_runtime::client::http::connection_poisoning";
    let filter = config.log_filter.clone().with_target(noise, LevelFilter::OFF);
    // The filter alone decides.
    let log = fmt().with_max_level(LevelFilter::TRACE);
    if config.lambda || config.environment == Environment::Production {
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().with(filter).init();
    } else {
        log.with_ansi(config.log_colours && std::io::stdout().is_terminal()).finish().with(filter).init();
    }
    // A panic is logged with its place, whatever becomes of what it interrupted.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
}
