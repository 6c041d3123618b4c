//! How often something may be done, and how much of it.
//!
//! [`Limits`] knows the [rates](Rates) of what is [limited](Limit) and counts for whom
//! ([`Subject`]). Attempts to log in have a rule of their own, in [`attempts`]. What is
//! counted stands in a [`LimitStore`]: in memory where one process serves, in the table
//! where many do.

mod attempts;
mod in_process;
mod limit;
mod network;
mod rate;
mod service;
mod store;
mod unlimited;

pub use attempts::{Attempt, Place};
pub use in_process::InProcessLimits;
pub use limit::{Limit, Subject};
pub use network::Network;
pub use rate::{InvalidRate, Rate};
pub use service::{LimitError, Limits, Rates};
pub use store::{Attempts, LimitStore};
pub use unlimited::Unlimited;
