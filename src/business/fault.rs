use std::error::Error;

/// What is said of why something did not work, to the log.
type Source = Box<dyn Error + Send + Sync>;

/// Why something below the rules (storage, a worker thread) could not do what it
/// was asked. A client learns only which of these it is; the log gets the source.
///
/// All but [`Fault::Unknown`] say that nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Too many at once: the same request may succeed a moment later.
    #[error("too busy")]
    Busy(#[source] Source),
    /// A store does not answer, or does not do its work, for now.
    #[error("unavailable")]
    Unavailable(#[source] Source),
    /// A store has no room for more.
    #[error("full")]
    Full(#[source] Source),
    /// A change was sent to a store, and nobody knows whether it was made.
    #[error("the outcome is not known")]
    Unknown(#[source] Source),
    /// Anything else: a fault of ours.
    #[error("internal failure")]
    Failed(#[source] Source),
}

impl Fault {
    /// An overload, with its cause.
    pub fn busy(source: impl Into<Source>) -> Self {
        Self::Busy(source.into())
    }

    /// A store that cannot be reached, with its cause.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// A fault, with its cause.
    pub fn failed(source: impl Into<Source>) -> Self {
        Self::Failed(source.into())
    }

    /// The fault of a step that changes nothing by itself that anybody would see, such as one that
    /// only takes a number.
    #[must_use]
    pub fn of_preparation(self) -> Self {
        match self {
            Self::Unknown(source) => Self::Unavailable(source),
            fault => fault,
        }
    }
}
