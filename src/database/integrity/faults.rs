//! What becomes of writes when the way to the store is bad: replies are lost, requests refused
//! or throttled, and the store breaks, before or after it did what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;
use tokio::time::sleep;

use super::samples;
use crate::business::{
    Account, AccountStore, Article, ArticleStore, ChangeError, Email, Fault, MailKind, MailStore, NamedRequest,
    NewAccount, NewArticle, NewProject, PageRequest, PasswordHash, Probe, ProjectStore, QueuedMail, RefreshTokenHash,
    RegistrationError, Session, Timestamp, Username,
};
use crate::database::Database;
use crate::database::table::{Fault as EngineFault, Table};

/// The faults that the next requests meet, in this order.
type Plan = Arc<Mutex<VecDeque<EngineFault>>>;

async fn database() -> (Database, Plan) {
    let plan = Plan::default();
    let database = Database::over(Table::faulty(plan.clone()));
    database.create_table().await.unwrap();
    (database, plan)
}

fn now() -> Timestamp {
    "2026-03-14T15:09:26Z".parse().unwrap()
}

fn username() -> Username {
    "ada".parse().unwrap()
}

fn email() -> Email {
    "ada@example.com".parse().unwrap()
}

async fn register(database: &Database) -> Result<Session, RegistrationError> {
    let password = PasswordHash::from_stored("x".to_owned());
    let new = NewAccount { created_at: now(), email: email(), username: username(), password };
    let mail = QueuedMail::new(MailKind::Verification, email(), username(), now());
    let registered = database.register(new, Some(mail), None).await?;
    Ok(Session { user_id: registered.user.id, username: registered.user.username })
}

fn article() -> NewArticle {
    samples::article("A title", "Text")
}

async fn publish(
    database: &Database,
    author: &Session,
    request: Option<&NamedRequest>,
) -> Result<Article, ChangeError> {
    let published = database.create_article(article(), author, request, &samples::StandingClock).await;
    published.map(|published| published.article)
}

fn request(name: &str) -> NamedRequest {
    NamedRequest { id: name.to_owned(), fingerprint: "same".to_owned(), received_at: now() }
}

async fn articles(database: &Database) -> Vec<Article> {
    samples::listed(database, &username(), PageRequest::new(1, 100)).await.unwrap().items
}

async fn account(database: &Database) -> Option<Account> {
    database.account(&email()).await.unwrap()
}

fn fault() -> impl Strategy<Value = EngineFault> {
    use EngineFault::{BrokenAfter, BrokenBefore, LostReply, LostRequest, None, Refused, Throttled};
    prop_oneof![
        4 => Just(None),
        2 => Just(LostReply),
        1 => Just(LostRequest),
        2 => Just(Throttled),
        1 => Just(Refused),
        1 => Just(BrokenBefore),
        1 => Just(BrokenAfter),
    ]
}

/// What a write says of itself: it was made, surely not, or nobody knows.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Made,
    NotMade,
    Unknown,
}

impl Said {
    fn of<T>(result: &Result<T, Fault>) -> Self {
        match result {
            Ok(_) => Self::Made,
            Err(Fault::Unknown(_)) => Self::Unknown,
            Err(Fault::Busy(_) | Fault::Unavailable(_)) => Self::NotMade,
            Err(fault) => panic!("{fault:?}"),
        }
    }

    /// Whether that is true of a write that was made so often.
    fn agrees(&self, times: usize) -> bool {
        match self {
            Self::Made => times == 1,
            Self::NotMade => times == 0,
            Self::Unknown => times <= 1,
        }
    }
}

/// Runs `test` on a store, with a plan of faults. What is stored then agrees.
fn with_faults(faults: Vec<EngineFault>, test: impl AsyncFnOnce(Arc<Database>, Box<dyn Fn()>, Plan)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (database, plan) = database().await;
        let database = Arc::new(database);
        let begin = {
            let plan = plan.clone();
            Box::new(move || plan.lock().unwrap().extend(faults.iter().copied())) as Box<dyn Fn()>
        };
        test(Arc::clone(&database), begin, plan.clone()).await;
        end(&plan, &database).await;
        assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    });
}

/// There are no more faults, and the store is asked again.
async fn end(plan: &Plan, database: &Database) {
    plan.lock().unwrap().clear();
    while database.probe().await.is_err() {
        sleep(Duration::from_millis(20)).await;
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn a_registration_says_what_is_so(faults in prop::collection::vec(fault(), 0..6)) {
        with_faults(faults, async |database, begin, plan| {
            begin();
            let result = register(&database).await.map_err(|error| match error {
                RegistrationError::Fault(fault) => fault,
                error => panic!("{error:?}"),
            });
            end(&plan, &database).await;
            let said = Said::of(&result);
            let accounts = usize::from(account(&database).await.is_some());
            assert!(said.agrees(accounts), "{said:?}, {accounts}");
            assert_eq!(database.due_mails(now(), 10).await.unwrap().len(), accounts);
        });
    }

    #[test]
    fn a_publication_says_what_is_so(faults in prop::collection::vec(fault(), 0..8)) {
        with_faults(faults, async |database, begin, plan| {
            let author = register(&database).await.unwrap();
            begin();
            let result = publish(&database, &author, None).await.map_err(|error| match error {
                ChangeError::Fault(fault) => fault,
                error => panic!("{error:?}"),
            });
            end(&plan, &database).await;
            let said = Said::of(&result);
            let found = articles(&database).await;
            assert!(said.agrees(found.len()), "{said:?}, {}", found.len());
            // The next one comes after it, whatever came of it.
            let next = publish(&database, &author, None).await.unwrap();
            assert_eq!(next.head.id, found.len() as u64 + 1);
        });
    }

    #[test]
    fn a_named_publication_is_done_once_by_whoever_sends_it_until_it_is(
        faults in prop::collection::vec(fault(), 0..12),
    ) {
        with_faults(faults, async |database, begin, plan| {
            let author = register(&database).await.unwrap();
            begin();
            let mut attempts = 0;
            loop {
                attempts += 1;
                match publish(&database, &author, Some(&request("a"))).await {
                    Ok(_) | Err(ChangeError::Done) => break,
                    // The store may be left alone for a moment.
                    Err(_) if attempts < 40 => sleep(Duration::from_millis(50)).await,
                    Err(error) => panic!("{error:?}"),
                }
            }
            end(&plan, &database).await;
            assert_eq!(articles(&database).await.len(), 1);
        });
    }

    #[test]
    fn a_project_says_what_is_so(faults in prop::collection::vec(fault(), 0..8), named in any::<bool>()) {
        with_faults(faults, async |database, begin, plan| {
            let author = register(&database).await.unwrap();
            begin();
            let new = NewProject {
                created_at: now(),
                title: "Engine".parse().unwrap(),
                body: String::new(),
                rendered: <_>::default(),
            };
            let request = Some(request("a")).filter(|_| named);
            let result = database.create(new, &author, request.as_ref()).await.map_err(|error| match error {
                crate::business::CreateError::Fault(fault) => fault,
                error => panic!("{error:?}"),
            });
            end(&plan, &database).await;
            let said = Said::of(&result);
            let page = database.projects_of(&username(), PageRequest::new(1, 100)).await.unwrap().unwrap();
            assert!(said.agrees(page.items.len()), "{said:?}, {}", page.items.len());
        });
    }

    #[test]
    fn verifying_and_logging_out_say_what_is_so(faults in prop::collection::vec(fault(), 0..6)) {
        with_faults(faults, async |database, begin, plan| {
            let author = register(&database).await.unwrap();
            let token = RefreshTokenHash::of("token");
            database.keep_refresh_token(&author.username, &token, now().plus_seconds(60)).await.unwrap();
            let registered = account(&database).await.unwrap();
            begin();
            let verified = database.verify(&registered, now()).await;
            let forgotten = database.forget_refresh_token(&author.username, now()).await;
            end(&plan, &database).await;
            // It was not verified before, and the token was there: so nobody else can have been quicker.
            assert_ne!(verified.as_ref().ok(), Some(&false));
            assert_ne!(forgotten.as_ref().ok(), Some(&false));
            let is_verified = account(&database).await.unwrap().verified;
            assert!(Said::of(&verified).agrees(usize::from(is_verified)), "{verified:?}, {is_verified}");
            let is_forgotten = database.refresh_token(&author.username, now()).await.unwrap().is_none();
            assert!(Said::of(&forgotten).agrees(usize::from(is_forgotten)), "{forgotten:?}, {is_forgotten}");
        });
    }
}

#[tokio::test]
async fn a_publication_whose_reply_is_lost_is_found_when_it_is_throttled_afterwards() {
    use EngineFault::{LostReply, None, Throttled};
    let (database, plan) = database().await;
    let author = register(&database).await.unwrap();
    plan.lock().unwrap().extend([None, LostReply, Throttled, Throttled, Throttled]);
    assert_eq!(publish(&database, &author, Option::None).await.unwrap().head.id, 1);
    assert_eq!(articles(&database).await.len(), 1);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_left_alone_for_a_moment() {
    let (database, plan) = database().await;
    plan.lock().unwrap().extend([EngineFault::Refused; 40]);
    let asked = || 40 - plan.lock().unwrap().len();
    assert!(matches!(database.account(&email()).await, Err(Fault::Unavailable(_))));
    let before = asked();
    for _ in 0..10 {
        assert!(matches!(database.account(&email()).await, Err(Fault::Unavailable(_))));
    }
    assert_eq!(asked(), before);
    end(&plan, &database).await;
    sleep(Duration::from_millis(600)).await;
    assert!(account(&database).await.is_none());
}

#[tokio::test]
async fn a_named_registration_that_another_was_quicker_with_is_done() {
    let (database, _) = database().await;
    let register = async || {
        let password = PasswordHash::from_stored("x".to_owned());
        let new = NewAccount { created_at: now(), email: email(), username: username(), password };
        database.register(new, None, Some(&request("a"))).await
    };
    register().await.unwrap();
    assert!(matches!(register().await, Err(RegistrationError::Done)));
}
