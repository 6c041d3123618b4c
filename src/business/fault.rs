use std::error::Error;

/// Why something below the rules (storage, a worker thread) could not do what it
/// was asked. A client learns only which of the two it is; the log gets the source.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too many at once: the same request may succeed a moment later.
    #[error("too busy")]
    Busy(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else: a fault of ours.
    #[error("internal failure")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl Fault {
    /// An overload, with its cause.
    pub fn busy(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Busy(source.into())
    }

    /// A fault, with its cause.
    pub fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(source.into())
    }
}
