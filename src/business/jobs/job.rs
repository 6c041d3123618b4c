use std::time::Duration;

use async_trait::async_trait;

use crate::business::Fault;

/// What a job did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobReport {
    /// How many things it did.
    pub done: u64,
    /// How many it could not do.
    pub failed: u64,
    /// Whether it left some for the next time, which should come at once.
    pub more: bool,
}

/// Work that is done again and again.
#[async_trait]
pub trait Job: Send + Sync {
    /// What it is called, in logs and leases.
    fn name(&self) -> &'static str;

    /// How long it may wait at most to be run again.
    fn period(&self) -> Duration;

    /// Whether it is run once more when the program is told to stop.
    fn runs_at_exit(&self) -> bool {
        false
    }

    /// Whether there is anything to do; asked before anybody takes the lease.
    async fn is_due(&self) -> Result<bool, Fault>;

    /// Does a bounded piece of work.
    async fn run(&self) -> Result<JobReport, Fault>;
}
