//! Who runs jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::sync::Notify;
use tokio::time::{interval, sleep, timeout};
use uuid::Uuid;

use super::job::{Job, JobReport};
use super::lease::LeaseStore;
use crate::business::{Clock, Fault};

/// How long a lease lasts, in seconds: how long a job waits for a process that is no more.
const LEASE_SECONDS: u32 = 30;

/// How often it is renewed while a job runs.
const RENEWAL: Duration = Duration::from_secs(10);

/// How long a job that failed waits at least.
const PAUSE: Duration = Duration::from_secs(1);

/// The jobs of this program.
pub struct Jobs {
    entries: BTreeMap<&'static str, Entry>,
    leases: Arc<dyn LeaseStore>,
    clock: Arc<dyn Clock>,
    /// Who takes the leases.
    holder: Uuid,
}

struct Entry {
    job: Arc<dyn Job>,
    signal: Notify,
}

impl Jobs {
    /// Jobs that take their leases from `leases` as `holder`, which is this process and, as long
    /// as it runs, no other.
    #[must_use]
    pub fn new(jobs: Vec<Arc<dyn Job>>, leases: Arc<dyn LeaseStore>, clock: Arc<dyn Clock>, holder: Uuid) -> Self {
        let entry = |job: Arc<dyn Job>| (job.name(), Entry { job, signal: Notify::new() });
        Self { entries: jobs.into_iter().map(entry).collect(), leases, clock, holder }
    }

    /// Says that a job has something to do.
    pub fn signal(&self, name: &str) {
        if let Some(entry) = self.entries.get(name) {
            entry.signal.notify_one();
        }
    }

    /// Runs all jobs, on a timer and when they are signalled, until this is dropped.
    pub async fn run_for_ever(&self) {
        futures_util::future::join_all(self.entries.values().map(|entry| self.repeat(entry))).await;
    }

    async fn repeat(&self, entry: &Entry) {
        loop {
            match self.run(&*entry.job).await {
                Ok(JobReport { more: true, .. }) => continue,
                Ok(_) => {}
                Err(error) => {
                    failed(&*entry.job, &error);
                    sleep(PAUSE).await;
                }
            }
            let _ = timeout(entry.job.period(), entry.signal.notified()).await;
        }
    }

    /// Runs what is to be done before the program ends. What fails is logged.
    pub async fn run_at_exit(&self) {
        for entry in self.entries.values().filter(|entry| entry.job.runs_at_exit()) {
            if let Err(error) = self.run(&*entry.job).await {
                failed(&*entry.job, &error);
            }
        }
    }

    /// Runs each job that has something to do until it has nothing left.
    ///
    /// # Errors
    /// The first [`Fault`], after all jobs had their turn.
    pub async fn run_due(&self) -> Result<(), Fault> {
        let mut outcome = Ok(());
        for entry in self.entries.values() {
            loop {
                match self.run(&*entry.job).await {
                    Ok(JobReport { more: true, .. }) => {}
                    Ok(_) => break,
                    Err(error) => {
                        outcome = outcome.and(Err(error));
                        break;
                    }
                }
            }
        }
        outcome
    }

    /// Runs a job once, if it has something to do and nobody else is at it.
    async fn run(&self, job: &dyn Job) -> Result<JobReport, Fault> {
        if !job.is_due().await? || !self.acquire(job.name()).await? {
            return Ok(JobReport::default());
        }
        let report = tokio::select! {
            report = job.run() => report,
            error = self.renew(job.name()) => Err(error),
        };
        self.leases.release_lease(job.name(), self.holder, self.clock.now()).await?;
        let report = report?;
        let name = job.name();
        counter!("talelio_job_runs_total", "job" => name, "result" => "done").increment(1);
        counter!("talelio_job_items_total", "job" => name, "result" => "done").increment(report.done);
        counter!("talelio_job_items_total", "job" => name, "result" => "failed").increment(report.failed);
        if report != JobReport::default() {
            tracing::info!(job = name, done = report.done, not_done = report.failed, "job was run");
        }
        Ok(report)
    }

    async fn acquire(&self, job: &str) -> Result<bool, Fault> {
        let now = self.clock.now();
        self.leases.acquire_lease(job, self.holder, now, now.plus_seconds(LEASE_SECONDS)).await
    }

    /// Keeps a lease; ends when it is lost.
    async fn renew(&self, job: &str) -> Fault {
        let mut renewals = interval(RENEWAL);
        renewals.tick().await;
        loop {
            renewals.tick().await;
            match self.acquire(job).await {
                Ok(true) => {}
                Ok(false) => return Fault::busy("the lease of a job was lost"),
                Err(error) => return error,
            }
        }
    }
}

fn failed(job: &dyn Job, error: &Fault) {
    let job = job.name();
    counter!("talelio_job_runs_total", "job" => job, "result" => "failed").increment(1);
    tracing::error!(job, error = error as &dyn std::error::Error, "job failed");
}
