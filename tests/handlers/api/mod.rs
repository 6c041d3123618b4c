//! The routes, a file or a folder per resource.

mod accounts;
mod articles;
mod idempotency;
pub mod images;
mod projects;
mod users;
