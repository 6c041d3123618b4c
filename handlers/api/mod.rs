//! The routes of the API, a file per resource: HTTP in and out, nothing else.

mod accounts;
mod articles;
mod health;
mod images;
mod openapi;
mod projects;
pub(crate) mod router;
mod uploads;
mod users;
