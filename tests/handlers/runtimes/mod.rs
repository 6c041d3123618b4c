//! The HTTP server. The Lambda runtime is what `TALELIO_TEST=lambda` runs everything on.

mod connections;
mod server;
