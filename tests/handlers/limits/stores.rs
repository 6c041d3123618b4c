//! Both places where limits are counted, by the same rules.

use std::sync::Arc;

use talelio::business::{Clock, InProcessLimits, Limit, LimitError, LimitStore, Limits, Network, Place, Rate, Subject};
use talelio::database::{ConsumedCapacity, Database, measure};

use crate::harness::{StandingClock, limits, localhost};

const USER: Subject<'static> = Subject::User(1);
const ADDRESS: &str = "ada@example.com";

/// Each kind of store, with a clock to move.
async fn stores() -> Vec<(Arc<dyn LimitStore>, Arc<StandingClock>)> {
    let (clock, table_clock) = (StandingClock::new(), StandingClock::new());
    let in_process: Arc<dyn LimitStore> = Arc::new(InProcessLimits::new(clock.clone()));
    let table: Arc<dyn LimitStore> = Arc::new(Database::embedded(None).await.unwrap());
    vec![(in_process, clock), (table, table_clock)]
}

async fn each(test: impl AsyncFn(&Limits, &StandingClock)) {
    for (store, clock) in stores().await {
        test(&limits(store, &clock), &clock).await;
    }
}

fn wait<T>(result: Result<T, LimitError>) -> Option<u32> {
    match result {
        Ok(_) => None,
        Err(LimitError::Exceeded { seconds, .. }) => Some(seconds),
        Err(LimitError::Fault(fault)) => panic!("{fault:?}"),
    }
}

fn network(number: u8) -> Place {
    Place::Network(Network::from(std::net::IpAddr::from([192, 0, 2, number])))
}

fn device() -> Place {
    Place::Device("the hash of a token".to_owned())
}

/// An attempt that fails, unless it has to wait.
async fn fail(limits: &Limits, place: &Place) -> Option<u32> {
    match limits.begin_attempt(ADDRESS, place).await {
        Ok(attempt) => wait(attempt.within_limit_of_address().await),
        refused => wait(refused),
    }
}

#[tokio::test]
async fn a_rate_is_used_up_and_comes_back() {
    each(async |limits, clock| {
        for _ in 0..10 {
            assert_eq!(wait(limits.take(Limit::Tokens, USER).await), None);
        }
        let seconds = wait(limits.take(Limit::Tokens, USER).await).expect("one too many");
        assert!((1..=3_600).contains(&seconds));
        assert_eq!(wait(limits.take(Limit::Tokens, Subject::User(2)).await), None, "another user");
        assert_eq!(wait(limits.take(Limit::Tokens, Subject::Network(localhost())).await), None, "another subject");
        assert_eq!(wait(limits.take(Limit::Logins, USER).await), None, "another limit");
        clock.advance(seconds);
        assert_eq!(wait(limits.take(Limit::Tokens, USER).await), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_is_not_counted() {
    each(async |limits, clock| {
        let take = async |amount| wait(limits.take_many(Limit::Uploads, USER, amount).await);
        assert_eq!(take(6).await, None);
        assert!(take(5).await.is_some());
        assert_eq!(take(4).await, None);
        assert!(take(1).await.is_some());
        assert!(take(11).await.is_some(), "more than there ever is");
        clock.advance(3_600);
        assert_eq!(take(10).await, None);
    })
    .await;
}

#[tokio::test]
async fn bytes_are_counted_beyond_four_thousand_million() {
    for (store, clock) in stores().await {
        let rate: Rate = "10000000000/day".parse().unwrap();
        let take = async |amount| store.take(Limit::ImageQuota, rate, "user 1", amount, clock.now()).await.unwrap();
        assert_eq!(take(9_000_000_000).await, None);
        assert!(take(2_000_000_000).await.is_some());
        assert_eq!(take(900_000_000).await, None);
    }
}

#[tokio::test]
async fn pauses_grow_with_failures_and_end_with_a_success() {
    each(async |limits, clock| {
        let mut waits = Vec::new();
        for _ in 0..18 {
            let seconds = fail(limits, &device()).await.unwrap_or(0);
            if seconds > 0 {
                clock.advance(seconds - 1);
                assert_eq!(fail(limits, &device()).await, Some(1), "a second too early, which costs nothing");
                clock.advance(1);
                assert_eq!(fail(limits, &device()).await, None);
            }
            waits.push(seconds);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        clock.advance(900);
        limits.begin_attempt(ADDRESS, &device()).await.unwrap().succeeded().await.unwrap();
        for _ in 0..6 {
            assert_eq!(fail(limits, &device()).await, None);
        }
        assert_eq!(fail(limits, &device()).await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn failures_are_forgotten_after_a_day() {
    each(async |limits, clock| {
        for _ in 0..6 {
            assert_eq!(fail(limits, &device()).await, None);
        }
        clock.advance(24 * 60 * 60 + 2);
        for _ in 0..6 {
            assert_eq!(fail(limits, &device()).await, None);
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_not_found_out_is_no_failure() {
    each(async |limits, _| {
        for _ in 0..20 {
            limits.begin_attempt(ADDRESS, &device()).await.unwrap().withdraw().await.unwrap();
        }
        assert_eq!(fail(limits, &device()).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_account_has_a_limit_for_strangers() {
    each(async |limits, clock| {
        let first = limits.begin_attempt(ADDRESS, &network(0)).await.unwrap();
        first.within_limit_of_address().await.unwrap().succeeded().await.unwrap();
        for number in 1..10 {
            assert_eq!(fail(limits, &network(number)).await, None);
        }
        for _ in 0..10 {
            assert!(fail(limits, &network(10)).await.is_some());
        }
        assert_eq!(fail(limits, &network(0)).await, None, "whoever logged in from there");
        assert_eq!(fail(limits, &device()).await, None, "whoever has a cookie");
        assert_eq!(wait(limits.begin_attempt("bob@example.com", &network(10)).await), None, "another account");
        clock.advance(3_600);
        assert_eq!(fail(limits, &network(10)).await, None, "what was refused was no failure");
    })
    .await;
}

#[tokio::test]
async fn attempts_at_the_same_moment_know_of_each_other() {
    each(async |limits, _| {
        let place = network(1);
        let attempts = (0..50).map(|_| fail(limits, &place));
        let waits = futures_util::future::join_all(attempts).await;
        let passed = waits.iter().filter(|wait| wait.is_none()).count();
        assert!((1..=6).contains(&passed), "{passed} passed");
    })
    .await;
}

/// As `docs/data-model.md` says.
#[tokio::test]
async fn what_limits_cost_in_the_table() {
    let clock = StandingClock::new();
    let limits = limits(Arc::new(Database::embedded(None).await.unwrap()), &clock);
    let take = measure(limits.take(Limit::Logins, USER)).await.1;
    assert_eq!(take, ConsumedCapacity { requests: 1, read_units: 0.0, write_units: 1.0 });
    let log_in = async |place: Place| {
        let log_in = async {
            let attempt = limits.begin_attempt(ADDRESS, &place).await.unwrap();
            attempt.within_limit_of_address().await.unwrap().succeeded().await.unwrap();
        };
        measure(log_in).await.1
    };
    let stranger = ConsumedCapacity { requests: 4, read_units: 1.0, write_units: 3.0 };
    assert_eq!(log_in(network(1)).await, stranger);
    let known = ConsumedCapacity { requests: 3, read_units: 1.0, write_units: 2.0 };
    assert_eq!(log_in(network(1)).await, known);
    assert_eq!(log_in(device()).await, known);
}
