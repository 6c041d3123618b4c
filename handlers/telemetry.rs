//! The log: for people in development, JSON everywhere else.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, Environment};

/// Starts logging to standard output.
pub(crate) fn start(config: &Config) {
    let filter = EnvFilter::new(&config.log_filter);
    let log = fmt().with_env_filter(filter);
    if config.lambda || config.environment == Environment::Production {
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).finish().init();
    } else {
        log.with_ansi(config.log_colours && std::io::IsTerminal::is_terminal(&std::io::stdout())).finish().init();
    }
    // A panic is logged with its place, whatever becomes of what it interrupted.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panicked")));
}
