//! The routes of the API, a file per resource and a folder for a large one: HTTP in and
//! out, nothing else.
//!
//! [`router`] is the table of contents. A resource has a function for each group of callers
//! that it has routes for, `public` and `author`; the guard of a group stands in the router,
//! and the user whom it lets through in the handler's signature.

mod accounts;
mod articles;
mod health;
mod images;
mod openapi;
mod projects;
pub(crate) mod router;
mod users;
