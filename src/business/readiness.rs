//! Whether the stores answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::Fault;

/// How long a store may take to answer.
const TIMEOUT: Duration = Duration::from_millis(1_800);

/// How long an answer is good: whoever asks more often than that asks us and not the stores.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// A store that can be asked whether it answers.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Asks it something that it has to look up.
    async fn probe(&self) -> Result<(), Fault>;
}

/// The stores that requests need.
pub struct Readiness {
    stores: Vec<(&'static str, Arc<dyn Probe>)>,
    /// The names of those that did not answer, and when they were asked.
    known: Mutex<Option<(Instant, Vec<&'static str>)>>,
}

impl Readiness {
    /// The readiness of `stores`, by their names.
    #[must_use]
    pub fn new(stores: Vec<(&'static str, Arc<dyn Probe>)>) -> Self {
        Self { stores, known: Mutex::new(None) }
    }

    /// The names of the stores that do not answer.
    pub async fn unavailable(&self) -> Vec<&'static str> {
        let mut known = self.known.lock().await;
        match &*known {
            Some((asked, unavailable)) if asked.elapsed() < GOOD_FOR => unavailable.clone(),
            _ => {
                let probes = self.stores.iter().map(|(name, store)| probe(name, &**store));
                let unavailable: Vec<_> = futures_util::future::join_all(probes).await.into_iter().flatten().collect();
                *known = Some((Instant::now(), unavailable.clone()));
                unavailable
            }
        }
    }
}

/// The name of a store that does not answer.
async fn probe(name: &'static str, store: &dyn Probe) -> Option<&'static str> {
    let error: Box<dyn std::error::Error> = match timeout(TIMEOUT, store.probe()).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.into(),
        Err(late) => late.into(),
    };
    tracing::warn!(store = name, error = &*error, "a store is not available");
    Some(name)
}
