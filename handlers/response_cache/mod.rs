//! Responses that anybody may read, cached: made once, then sent as they are.
//!
//! A representation is cached under its path as its handler spells it, its page, and the
//! generation of the cache, which every change begins anew. No other parameter and no other
//! spelling makes it be made again. Whoever asks after a change was acknowledged asks for a
//! representation that was begun after it, so nobody reads less than they wrote, whatever
//! was being made at the time. What other processes change is seen when a representation
//! reaches its [`TimeToLive`].
//!
//! When the store is not there to make a representation from, the last one is sent in its place,
//! unless something was taken from readers since or it is older than an hour, and marked as stale (RFC 9211, `Cache-Status` with a negative `ttl`).
//!
//! [`ResponseCache::get`] is asked before the router, whose work is most of that of a
//! cached response; a handler makes what is not cached, for [`ResponseCache::respond`].

mod encoding;
mod representation;
mod request;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use moka::future::Cache;
use moka::{Expiry, sync};
use talelio::business::Fault;

use crate::http::envelope::ApiError;
use crate::http::extract::parameter;
use crate::http::pagination::{ListParameters, PageParameters};

pub(crate) use representation::Representation;
pub(crate) use request::CacheableRequest;

/// How old a representation is at most that is sent when there is no other: another process may
/// have taken from readers what it has.
const MAX_STALE: Duration = Duration::from_hours(1);

/// How a cache has answered (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The parameter of a query that shows what is not for everybody.
pub(crate) const PREVIEW: &str = "preview";

/// From how many bytes on a representation makes the cache look at once what has to go for it.
const LARGE: usize = 256 << 10;

/// How long a representation is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeToLive {
    /// Until this process changes something: nobody else can.
    UntilChanged,
    /// That long at most; not at all, if that is zero.
    AtMost(Duration),
}

/// What a representation is cached under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CacheKey {
    /// How many changes it came after.
    generation: u64,
    path: Box<str>,
    page: PageParameters,
}

/// A cached representation.
#[derive(Clone)]
struct Entry {
    representation: Representation,
    /// The route that was matched, for the log.
    route: Option<MatchedPath>,
}

/// What was made last, and when.
#[derive(Clone)]
struct LastEntry {
    representation: Representation,
    made_at: Instant,
}

/// The cached responses of this process.
pub(crate) struct ResponseCache {
    /// None when nothing is cached.
    entries: Option<Cache<CacheKey, Entry>>,
    /// The last representation of what was asked for, in case that there is no other.
    last: sync::Cache<(Box<str>, PageParameters), LastEntry>,
    /// How many changes there were.
    generation: AtomicU64,
    /// How many of them made the last representations be forgotten.
    forgotten: AtomicU64,
}

/// Ends what is cached when that changes by itself.
struct UntilItChanges;

impl Expiry<CacheKey, Entry> for UntilItChanges {
    fn expire_after_create(&self, _: &CacheKey, entry: &Entry, _: Instant) -> Option<Duration> {
        entry.representation.time_left()
    }
}

/// Invalidates the whole cache when it is dropped.
struct InvalidateOnDrop<'a> {
    cache: &'a ResponseCache,
    /// Whether something may be taken from readers: then the last representations are no
    /// substitute for it.
    forgets: bool,
}

impl Drop for InvalidateOnDrop<'_> {
    fn drop(&mut self) {
        self.cache.generation.fetch_add(1, Ordering::SeqCst);
        // Nobody asks for these any more: their memory is for others.
        if let Some(entries) = &self.cache.entries {
            entries.invalidate_all();
        }
        if self.forgets {
            self.cache.forgotten.fetch_add(1, Ordering::SeqCst);
            self.cache.last.invalidate_all();
        }
    }
}

impl LastEntry {
    /// The response in place of a fresh one.
    async fn respond_stale(self, request: CacheableRequest) -> Result<Response, ApiError> {
        let mut response = self.representation.respond(request, HeaderValue::from_static("no-cache")).await?;
        let status = format!("talelio-backend; hit; ttl=-{}", self.made_at.elapsed().as_secs().max(1));
        response.headers_mut().insert(CACHE_STATUS, HeaderValue::try_from(status).map_err(Fault::failed)?);
        Ok(response)
    }
}

impl ResponseCache {
    /// `max_bytes` is what cached representations take at most, what they are compressed to
    /// included.
    pub(crate) fn new(time_to_live: TimeToLive, max_bytes: usize) -> Self {
        let weight = |key: &CacheKey, entry: &Entry| {
            (entry.representation.weight() + key.path.len()).try_into().unwrap_or(u32::MAX)
        };
        // The last ones are the same as those that are cached, until something changes.
        let (fresh_bytes, last_bytes) = (max_bytes / 3 * 2, max_bytes / 3);
        let cache = || Cache::builder().max_capacity(fresh_bytes as u64).weigher(weight).expire_after(UntilItChanges);
        let entries = match time_to_live {
            TimeToLive::UntilChanged => Some(cache().build()),
            TimeToLive::AtMost(Duration::ZERO) => None,
            TimeToLive::AtMost(duration) => Some(cache().time_to_live(duration).build()),
        };
        let last_weight = |(path, _): &(Box<str>, PageParameters), entry: &LastEntry| {
            (entry.representation.weight() + path.len()).try_into().unwrap_or(u32::MAX)
        };
        let last = sync::Cache::builder().max_capacity(last_bytes as u64).weigher(last_weight).build();
        Self { entries, last, generation: AtomicU64::new(0), forgotten: AtomicU64::new(0) }
    }

    /// The response to a request, with what `make` makes of the resource at `path` and of a
    /// page of it, unless that is cached or somebody is making it already. Errors are not
    /// cached. `path` is always spelled the same for the same resource, and as most clients do.
    pub(crate) async fn respond(
        &self,
        request: CacheableRequest,
        (path, page): (String, PageParameters),
        make: impl Future<Output = Result<Representation, ApiError>>,
    ) -> Result<Response, ApiError> {
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let result = match &self.entries {
            None => make.await,
            Some(entries) => {
                let mut make = pin!(make);
                let begun = AtomicBool::new(false);
                let entry = async {
                    begun.store(true, Ordering::Relaxed);
                    metrics::counter!("talelio_response_cache_total", "result" => "miss").increment(1);
                    Ok(Entry { representation: make.as_mut().await?, route: request.route.clone() })
                };
                let shared: Result<_, Arc<ApiError>> = entries.try_get_with(self.key(&path, page), entry).await;
                if shared.as_ref().is_ok_and(|entry| entry.representation.weight() > LARGE) {
                    // Otherwise it stays, beyond what the cache may have, until others ask for something.
                    entries.run_pending_tasks().await;
                }
                match shared {
                    Ok(entry) => Ok(entry.representation),
                    // Whoever made it was refused memory, which is no reason to refuse others.
                    Err(error) if error.is_busy() && !begun.into_inner() => make.await,
                    Err(error) => Err(ApiError::clone(&error)),
                }
            }
        };
        match result {
            Ok(representation) => {
                // What was begun before something was taken from readers may have it still.
                if forgotten == self.forgotten.load(Ordering::SeqCst) {
                    let last = LastEntry { representation: representation.clone(), made_at: Instant::now() };
                    self.last.insert((path.into(), page), last);
                }
                if representation.weight() > LARGE {
                    self.last.run_pending_tasks();
                }
                representation.respond(request, self.cache_control()).await
            }
            Err(error) => {
                let last = self.last.get(&(path.clone().into(), page));
                match last.filter(|last| last.made_at.elapsed() < MAX_STALE) {
                    Some(last) if error.is_unavailable() => {
                        metrics::counter!("talelio_response_cache_total", "result" => "stale").increment(1);
                        last.respond_stale(request).await
                    }
                    _ => {
                        if matches!(error, ApiError::Rejected(..) | ApiError::Moved(..)) {
                            // It is not there any more, whatever there was.
                            self.last.invalidate(&(path.into(), page));
                        }
                        Err(error)
                    }
                }
            }
        }
    }

    /// The response to a request, if it is cached.
    pub(crate) async fn get(&self, request: CacheableRequest) -> Option<Response> {
        let entries = self.entries.as_ref()?;
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        if parameter(query, PREVIEW).is_some() {
            return None;
        }
        let key = if query.is_empty() {
            self.key(path, PageParameters::default())
        } else {
            let parameters = ListParameters::parse(query).ok()?;
            self.key(&parameters.path(path), parameters.page)
        };
        let Entry { representation, route } = Box::pin(entries.get(&key)).await?;
        metrics::counter!("talelio_response_cache_total", "result" => "hit").increment(1);
        let mut response = representation.respond(request, self.cache_control()).await.into_response();
        // What the router would have left there.
        if let Some(route) = route {
            response.extensions_mut().insert(route);
        }
        Some(response)
    }

    fn key(&self, path: &str, page: PageParameters) -> CacheKey {
        CacheKey { generation: self.generation.load(Ordering::SeqCst), path: path.into(), page }
    }

    /// Changes something that readers see, and invalidates the cache before anybody is told.
    /// What was rejected has changed nothing; anything else may have, also what failed or
    /// was broken off.
    pub(crate) async fn invalidated_by<T, E: Into<ApiError>>(
        &self,
        change: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ApiError> {
        self.invalidate(change, false, |_| true).await
    }

    /// The same of what may take something from readers, or change nothing that they see, as
    /// `is_seen` says of what was done.
    pub(crate) async fn changed_by<T, E: Into<ApiError>>(
        &self,
        change: impl Future<Output = Result<T, E>>,
        is_seen: impl Fn(&T) -> bool,
    ) -> Result<T, ApiError> {
        self.invalidate(change, true, is_seen).await
    }

    async fn invalidate<T, E: Into<ApiError>>(
        &self,
        change: impl Future<Output = Result<T, E>>,
        forgets: bool,
        is_seen: impl Fn(&T) -> bool,
    ) -> Result<T, ApiError> {
        let invalidation = InvalidateOnDrop { cache: self, forgets };
        let changed = change.await.map_err(Into::into);
        let changes_nothing = match &changed {
            Ok(done) => !is_seen(done),
            Err(error) => matches!(
                error,
                ApiError::Rejected(..) | ApiError::Limited(..) | ApiError::Moved(..) | ApiError::OtherVersion(..)
            ),
        };
        if changes_nothing {
            std::mem::forget(invalidation);
        }
        changed
    }

    /// What the caches of others may do: shared ones keep a response for a second,
    /// however many ask for it; everybody else asks whether theirs is still good.
    fn cache_control(&self) -> HeaderValue {
        HeaderValue::from_static(if self.entries.is_some() { "public, max-age=0, s-maxage=1" } else { "no-cache" })
    }
}
