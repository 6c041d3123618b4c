//! The way of a request, and its parts, named after what HTTP calls them.

pub(crate) mod authentication;
pub(crate) mod body;
pub(crate) mod client_network;
mod completion;
pub(crate) mod conditional;
pub(crate) mod cookies;
pub(crate) mod envelope;
pub(crate) mod extract;
pub(crate) mod idempotency;
pub(crate) mod json;
pub(crate) mod multipart;
pub(crate) mod observe;
pub(crate) mod pagination;
pub(crate) mod sent_share;
pub(crate) mod service;
