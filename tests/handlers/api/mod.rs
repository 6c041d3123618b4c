//! The routes, a file or a folder per resource.

mod accounts;
mod articles;
pub mod images;
mod projects;
