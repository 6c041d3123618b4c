//! Answers that anybody may read, kept ready: made once, then sent as they are.
//!
//! An answer is kept under its address and the number of changes that came before it.
//! Whoever asks after a change was acknowledged asks for an answer that was begun after
//! it, so nobody reads less than they wrote, whatever was being made at the time. What
//! other processes change is seen when an answer is [`Lifetime`] old.
//!
//! [`Answers::ready`] is asked before the router, whose work is most of that of an answer
//! that is ready; a handler makes one that is not, for [`Answers::respond`].

mod encoding;
mod representation;
mod request;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::uri::PathAndQuery;
use moka::future::Cache;
use talelio::business::Fault;

use crate::http::envelope::ApiError;

pub(crate) use representation::Answer;
pub(crate) use request::Asked;

/// The most bytes of memory that kept answers take, what they are compressed to included.
const MAX_BYTES: u64 = 16 << 20;

/// How long an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Until this process changes something: nobody else can.
    Unlimited,
    /// That long at most; not at all, if that is zero.
    AtMost(Duration),
}

/// Where an answer is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// How many changes it came after.
    changes: u64,
    address: PathAndQuery,
}

/// What is kept there.
#[derive(Clone)]
struct Kept {
    answer: Answer,
    /// The route that it is an answer of, for the log.
    route: Option<MatchedPath>,
}

/// The answers that are ready.
pub(crate) struct Answers {
    /// None when nothing is kept.
    kept: Option<Cache<Key, Kept>>,
    /// How many changes there were.
    changes: AtomicU64,
}

/// Something is being changed that readers see. It counts when this is dropped, which
/// has to be after it is done and before anybody is told.
pub(crate) struct Change<'a>(&'a Answers);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
        // Nobody asks for these any more: their memory is for others.
        if let Some(kept) = &self.0.kept {
            kept.invalidate_all();
        }
    }
}

impl Answers {
    pub(crate) fn new(lifetime: Lifetime) -> Self {
        let weight =
            |key: &Key, kept: &Kept| (kept.answer.weight() + key.address.as_str().len()).try_into().unwrap_or(u32::MAX);
        let cache = || Cache::builder().max_capacity(MAX_BYTES).weigher(weight);
        let kept = match lifetime {
            Lifetime::Unlimited => Some(cache().build()),
            Lifetime::AtMost(Duration::ZERO) => None,
            Lifetime::AtMost(lifetime) => Some(cache().time_to_live(lifetime).build()),
        };
        Self { kept, changes: AtomicU64::new(0) }
    }

    /// The response to a request, with an answer from `make` unless there is one or
    /// somebody is making it already. What is refused is not kept.
    pub(crate) async fn respond(
        &self,
        asked: Asked,
        make: impl Future<Output = Result<Answer, ApiError>>,
    ) -> Result<Response, ApiError> {
        let answer = match &self.kept {
            None => make.await?,
            Some(kept) => {
                // Copied: what comes with a request is a part of all that was read with it.
                let address = asked.address.as_str().parse().map_err(Fault::failed)?;
                let make = async { Ok(Kept { answer: make.await?, route: asked.route.clone() }) };
                let shared = kept.try_get_with(self.key(address), make).await;
                shared.map_err(|error| ApiError::clone(&error))?.answer
            }
        };
        answer.response(asked, self.cache_control()).await
    }

    /// The response to a request, if it is ready.
    pub(crate) async fn ready(&self, asked: Asked) -> Option<Response> {
        let key = self.key(asked.address.clone());
        let Kept { answer, route } = Box::pin(self.kept.as_ref()?.get(&key)).await?;
        let mut response = answer.response(asked, self.cache_control()).await.into_response();
        // What the router would have left there.
        if let Some(route) = route {
            response.extensions_mut().insert(route);
        }
        Some(response)
    }

    fn key(&self, address: PathAndQuery) -> Key {
        Key { changes: self.changes.load(Ordering::SeqCst), address }
    }

    /// To be held while something is changed that readers see.
    pub(crate) fn change(&self) -> Change<'_> {
        Change(self)
    }

    /// What the caches of others may do: shared ones keep an answer for a second,
    /// however many ask for it; everybody else asks whether theirs is still good.
    fn cache_control(&self) -> HeaderValue {
        HeaderValue::from_static(if self.kept.is_some() { "public, max-age=0, s-maxage=1" } else { "no-cache" })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use http::{HeaderMap, Method, Uri};
    use http_body_util::BodyExt;
    use tokio::sync::Notify;

    use super::*;

    fn asked() -> Asked {
        Asked::of(&Method::GET, &Uri::from_static("/v1/articles/a-title"), &HeaderMap::new()).expect("a question")
    }

    async fn text(response: Response) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    /// What readers are answered from: a number, and how often it was asked for.
    #[derive(Default)]
    struct Store {
        number: AtomicU32,
        asked: AtomicU32,
    }

    impl Store {
        async fn answer(&self, answers: &Answers) -> Result<String, ApiError> {
            let response = answers.respond(asked(), async {
                self.asked.fetch_add(1, Ordering::SeqCst);
                Answer::json(&self.number.load(Ordering::SeqCst))
            });
            Ok(text(response.await?).await)
        }
    }

    #[tokio::test]
    async fn an_answer_is_made_once_until_something_changes() {
        let (answers, store) = (Answers::new(Lifetime::Unlimited), Store::default());
        for _ in 0..3 {
            assert_eq!(store.answer(&answers).await.unwrap(), "0");
        }
        assert_eq!(store.asked.load(Ordering::SeqCst), 1);
        {
            let _change = answers.change();
            store.number.store(1, Ordering::SeqCst);
        }
        assert_eq!(store.answer(&answers).await.unwrap(), "1");
        assert_eq!(store.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn nothing_is_kept_for_no_time() {
        let (answers, store) = (Answers::new(Lifetime::AtMost(Duration::ZERO)), Store::default());
        for _ in 0..2 {
            store.answer(&answers).await.unwrap();
        }
        assert_eq!(store.asked.load(Ordering::SeqCst), 2);
        assert_eq!(answers.cache_control(), "no-cache");
    }

    #[tokio::test]
    async fn many_who_ask_at_once_are_answered_from_one_read_even_with_a_refusal() {
        let answers = Answers::new(Lifetime::Unlimited);
        let (made, go_on) = (AtomicU32::new(0), Notify::new());
        let ask = || {
            answers.respond(asked(), async {
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
        assert!([first, second, third].iter().all(|answer| matches!(answer, Err(ApiError::Fault(_)))));
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_was_begun_before_a_change_is_not_shown_after_it() {
        let (answers, store) = (Answers::new(Lifetime::Unlimited), Store::default());
        let (begun, go_on) = (Notify::new(), Notify::new());
        let slow = answers.respond(asked(), async {
            let number = store.number.load(Ordering::SeqCst);
            begun.notify_one();
            go_on.notified().await;
            Answer::json(&number)
        });
        let writer = async {
            begun.notified().await;
            let change = answers.change();
            store.number.store(1, Ordering::SeqCst);
            drop(change);
            assert_eq!(store.answer(&answers).await.unwrap(), "1");
            go_on.notify_one();
        };
        let (old, ()) = tokio::join!(slow, writer);
        assert_eq!(text(old.unwrap()).await, "0", "asked for before the change");
        assert_eq!(store.answer(&answers).await.unwrap(), "1");
    }
}
