//! The ways of being called that the program has.

pub(crate) mod lambda;
pub(crate) mod server;
