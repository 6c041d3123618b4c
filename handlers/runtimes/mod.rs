//! The ways of being called that the program has.

mod invocation;
pub(crate) mod lambda;
pub(crate) mod server;
