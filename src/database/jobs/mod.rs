//! What jobs keep: which process runs one, and how far it has come.

mod leases;
mod sweeps;
