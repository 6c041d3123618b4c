//! What jobs keep: which process runs one, how far it has come, and what it is to do.

mod leases;
pub(super) mod mails;
mod sweeps;
