//! What the targets of `make fuzz` share: the program in `handlers/` without its `main`, served
//! in memory, a bound on the time that an input takes, and inputs to begin with.
//!
//! The program is a binary, whose modules nobody else can use, so they are compiled in here. They
//! find each other under `crate`, which is why they stand at the root.

#![allow(dead_code, reason = "what only `main` uses has no user here")]

#[path = "../../handlers/api/mod.rs"]
mod api;
#[path = "../../handlers/app.rs"]
mod app;
#[path = "../../handlers/config/mod.rs"]
mod config;
#[path = "../../handlers/http/mod.rs"]
mod http;
#[path = "../../handlers/metrics.rs"]
mod metrics;
#[path = "../../handlers/openapi/mod.rs"]
mod openapi;
#[path = "../../handlers/pages/mod.rs"]
mod pages;
#[path = "../../handlers/response_cache/mod.rs"]
mod response_cache;
#[path = "../../handlers/runtimes/mod.rs"]
mod runtimes;

mod cpu_time;
pub mod seeds;
mod server;
pub mod tokens;

pub use cpu_time::bounded;
pub use server::Server;
