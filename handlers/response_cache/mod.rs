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
//! however old it is, and marked as stale (RFC 9211, `Cache-Status` with a negative `ttl`).
//!
//! [`ResponseCache::get`] is asked before the router, whose work is most of that of a
//! cached response; a handler makes what is not cached, for [`ResponseCache::respond`].

mod encoding;
mod representation;
mod request;

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
use crate::http::pagination::{ListParameters, PageParameters, SITE_LIST};

pub(crate) use representation::Representation;
pub(crate) use request::CacheableRequest;

/// How a cache has answered (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

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
}

/// Ends what is cached when that changes by itself.
struct UntilItChanges;

impl Expiry<CacheKey, Entry> for UntilItChanges {
    fn expire_after_create(&self, _: &CacheKey, entry: &Entry, _: Instant) -> Option<Duration> {
        entry.representation.time_left()
    }
}

/// Invalidates the whole cache when it is dropped.
struct InvalidateOnDrop<'a>(&'a ResponseCache);

impl Drop for InvalidateOnDrop<'_> {
    fn drop(&mut self) {
        self.0.generation.fetch_add(1, Ordering::SeqCst);
        // Nobody asks for these any more: their memory is for others.
        if let Some(entries) = &self.0.entries {
            entries.invalidate_all();
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
        Self { entries, last, generation: AtomicU64::new(0) }
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
                let last = LastEntry { representation: representation.clone(), made_at: Instant::now() };
                self.last.insert((path.into(), page), last);
                if representation.weight() > LARGE {
                    self.last.run_pending_tasks();
                }
                representation.respond(request, self.cache_control()).await
            }
            Err(error) => match self.last.get(&(path.into(), page)) {
                Some(last) if error.is_unavailable() => {
                    metrics::counter!("talelio_response_cache_total", "result" => "stale").increment(1);
                    last.respond_stale(request).await
                }
                _ => Err(error),
            },
        }
    }

    /// The response to a request, if it is cached.
    pub(crate) async fn get(&self, request: CacheableRequest) -> Option<Response> {
        let entries = self.entries.as_ref()?;
        let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
        let key = if path == SITE_LIST && !query.is_empty() {
            let parameters = ListParameters::parse(query).ok()?;
            self.key(&parameters.path(path), parameters.page)
        } else {
            self.key(path, PageParameters::parse(query).ok()?)
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
        let invalidation = InvalidateOnDrop(self);
        let changed = change.await.map_err(Into::into);
        if matches!(changed, Err(ApiError::Rejected(..) | ApiError::Moved(..) | ApiError::OtherVersion(..))) {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use http::{HeaderMap, Method, Uri};
    use http_body_util::BodyExt;
    use tokio::sync::Notify;

    use super::*;

    const MAX_BYTES: usize = 1 << 20;

    fn address() -> (String, PageParameters) {
        ("/v1/articles/a".to_owned(), PageParameters::default())
    }

    fn request() -> CacheableRequest {
        CacheableRequest::new(&Method::GET, &Uri::from_static("/v1/articles/a-title"), &HeaderMap::new())
            .expect("a GET is cacheable")
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    /// What responses are made from: a number, and how often it was read.
    #[derive(Default)]
    struct Store {
        number: AtomicU32,
        reads: AtomicU32,
    }

    impl Store {
        async fn response(&self, cache: &ResponseCache) -> Result<String, ApiError> {
            let response = cache.respond(request(), address(), async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                Representation::json(&self.number.load(Ordering::SeqCst), 8, Vec::new()).await
            });
            Ok(text(response.await?).await)
        }
    }

    #[tokio::test]
    async fn a_response_is_made_once_until_something_changes() {
        let (cache, store) = (ResponseCache::new(TimeToLive::UntilChanged, MAX_BYTES), Store::default());
        for _ in 0..3 {
            assert_eq!(store.response(&cache).await.unwrap(), "0");
        }
        assert_eq!(store.reads.load(Ordering::SeqCst), 1);
        let change = async { Ok::<_, ApiError>(store.number.swap(1, Ordering::SeqCst)) };
        cache.invalidated_by(change).await.unwrap();
        assert_eq!(store.response(&cache).await.unwrap(), "1");
        assert_eq!(store.reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_time_to_live_of_zero_caches_nothing() {
        let (cache, store) = (ResponseCache::new(TimeToLive::AtMost(Duration::ZERO), MAX_BYTES), Store::default());
        for _ in 0..2 {
            store.response(&cache).await.unwrap();
        }
        assert_eq!(store.reads.load(Ordering::SeqCst), 2);
        assert_eq!(cache.cache_control(), "no-cache");
    }

    #[tokio::test]
    async fn concurrent_requests_share_one_read_even_one_that_fails() {
        let cache = ResponseCache::new(TimeToLive::UntilChanged, MAX_BYTES);
        let (made, go_on) = (AtomicU32::new(0), Notify::new());
        let ask = || {
            cache.respond(request(), address(), async {
                made.fetch_add(1, Ordering::SeqCst);
                go_on.notified().await;
                Err(Fault::failed("broken").into())
            })
        };
        let release = async {
            tokio::task::yield_now().await;
            go_on.notify_one();
        };
        let (first, second, third, ()) = tokio::join!(ask(), ask(), ask(), release);
        assert!([first, second, third].iter().all(|response| matches!(response, Err(ApiError::Fault(_)))));
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_response_begun_before_a_change_is_not_served_after_it() {
        let (cache, store) = (ResponseCache::new(TimeToLive::UntilChanged, MAX_BYTES), Store::default());
        let (begun, go_on) = (Notify::new(), Notify::new());
        let slow = cache.respond(request(), address(), async {
            let number = store.number.load(Ordering::SeqCst);
            begun.notify_one();
            go_on.notified().await;
            Representation::json(&number, 8, Vec::new()).await
        });
        let writer = async {
            begun.notified().await;
            let change = async { Ok::<_, ApiError>(store.number.swap(1, Ordering::SeqCst)) };
            cache.invalidated_by(change).await.unwrap();
            assert_eq!(store.response(&cache).await.unwrap(), "1");
            go_on.notify_one();
        };
        let (old, ()) = tokio::join!(slow, writer);
        assert_eq!(text(old.unwrap()).await, "0", "asked for before the change");
        assert_eq!(store.response(&cache).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn only_what_may_have_changed_something_invalidates() {
        let (cache, store) = (ResponseCache::new(TimeToLive::UntilChanged, MAX_BYTES), Store::default());
        store.response(&cache).await.unwrap();
        let rejected = async { Err::<(), _>(ApiError::bad_request("no")) };
        assert!(cache.invalidated_by(rejected).await.is_err());
        store.response(&cache).await.unwrap();
        assert_eq!(store.reads.load(Ordering::SeqCst), 1, "what was rejected has changed nothing");
        let failed = async { Err::<(), _>(Fault::failed("nobody knows how far it came")) };
        assert!(cache.invalidated_by(failed).await.is_err());
        store.response(&cache).await.unwrap();
        assert_eq!(store.reads.load(Ordering::SeqCst), 2, "what failed may have changed something");
        drop(Box::pin(cache.invalidated_by(std::future::pending::<Result<(), ApiError>>())));
        store.response(&cache).await.unwrap();
        assert_eq!(store.reads.load(Ordering::SeqCst), 2, "what was never begun has changed nothing");
        let broken_off = cache.invalidated_by(std::future::pending::<Result<(), ApiError>>());
        assert!(tokio::time::timeout(Duration::ZERO, broken_off).await.is_err());
        store.response(&cache).await.unwrap();
        assert_eq!(store.reads.load(Ordering::SeqCst), 3, "what was broken off may have changed something");
    }
}
