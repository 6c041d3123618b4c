//! Work without a request: mail that waits, things to clean up.
//!
//! A [`Job`] takes no input. It looks into the store, does a bounded piece of work, and says
//! what it did. It can be done again, and be interrupted anywhere; it does not try again what
//! failed, since it will be called again. Requests never wait for one, and nothing that is
//! correct depends on when one runs.
//!
//! [`Jobs`] runs them. Who calls it depends on the runtime: the HTTP server has a timer and is
//! [signalled](Jobs::signal) when there is something to do; under Lambda, a schedule and the
//! table's stream invoke the function. A lease in the store keeps two processes from doing the
//! same work at once, which would do no harm and help nobody.
//!
//! To add a job: implement [`Job`] beside the rules it is about, and put it on the list in
//! `handlers/app.rs`.

mod driver;
mod job;
mod lease;

pub use driver::Jobs;
pub use job::{Job, JobReport};
pub use lease::LeaseStore;
