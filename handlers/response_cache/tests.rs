//! What is cached, for how long, and what is forgotten.

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

#[tokio::test]
async fn what_was_taken_from_readers_is_not_shown_when_the_store_is_away() {
    let cache = ResponseCache::new(TimeToLive::UntilChanged, MAX_BYTES);
    let make = |result: Result<u32, ApiError>| {
        cache.respond(request(), address(), async { Representation::json(&result?, 8, Vec::new()).await })
    };
    let away = || Err(Fault::unavailable("no store").into());
    make(Ok(1)).await.unwrap();
    cache.invalidated_by(async { Ok::<_, ApiError>(()) }).await.unwrap();
    assert_eq!(text(make(away()).await.unwrap()).await, "1", "something was added");
    // Readers see no difference.
    cache.changed_by(async { Ok::<_, ApiError>(false) }, |seen| *seen).await.unwrap();
    assert!(make(away()).await.is_ok());
    // What was begun before something was taken may have it.
    let slow = cache.respond(request(), address(), async {
        cache.changed_by(async { Ok::<_, ApiError>(true) }, |seen| *seen).await.unwrap();
        Representation::json(&2, 8, Vec::new()).await
    });
    slow.await.unwrap();
    assert!(make(away()).await.is_err());
    make(Ok(3)).await.unwrap();
    cache.invalidated_by(async { Ok::<_, ApiError>(()) }).await.unwrap();
    let gone = Err(ApiError::rejected(http::StatusCode::NOT_FOUND, "Article not found"));
    assert!(make(gone).await.is_err());
    assert!(make(away()).await.is_err(), "another process has taken it");
}
