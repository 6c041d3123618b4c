//! What is there after a repair.

use serde_json::json;

use super::samples;
use crate::business::{AccountStore, Article, ArticleStore, Found, PageRequest, ProjectStore, RegistrationError, Slug};
use crate::database::Database;
use crate::database::articles::HeadItem;
use crate::database::keys::{self, Key, ListName};

/// What readers are shown.
async fn shown(database: &Database) -> Vec<String> {
    let mut shown = Vec::new();
    for slug in ["a", "b", "c", "c-2"] {
        shown.push(format!("{:?}", database.article(&slug.parse().unwrap()).await.unwrap().unwrap()));
    }
    for name in ["ada", "bob"] {
        let (username, page) = (name.parse().unwrap(), PageRequest::new(1, 10));
        shown.push(format!("{:?}", samples::listed(database, &username, page).await.unwrap()));
        shown.push(format!("{:?}", database.projects_of(&username, page).await.unwrap()));
        shown.push(format!("{:?}", database.user(&username).await.unwrap()));
    }
    shown
}

/// The keys of what says what nothing else says.
fn is_unique(key: &Key) -> bool {
    key.pk.starts_with("ACCOUNT#") || ["PART#", "PROJECT#", "IMAGE#", "CHANGE#"].iter().any(|sk| key.sk.starts_with(sk))
}

#[tokio::test]
async fn whatever_others_tell_of_is_made_again() {
    let good = samples::site().await;
    let keys = samples::keys(&good).await;
    let good = shown(&good).await;
    for key in keys.into_iter().filter(|key| !is_unique(key)) {
        for damaged in [false, true] {
            let database = samples::site().await;
            if damaged {
                database.table.put(&key, &json!({"last": "x"})).await.unwrap();
            } else {
                database.table.delete(&key).await.unwrap();
            }
            let done = database.repair(samples::now()).await.unwrap();
            assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new(), "{key:?}: {done:?}");
            assert_eq!(shown(&database).await, good, "{key:?}: {done:?}");
            assert_eq!(database.repair(samples::now()).await.unwrap(), Vec::<String>::new(), "{key:?}");
            // And it goes on.
            let carl = samples::register(&database, "carl").await;
            assert_eq!(carl.user_id, 3, "{key:?}");
            samples::publish(&database, &carl, "D", "Text").await;
            assert_eq!(samples::create_project(&database, &carl, "Q", "Text").await.id, 2, "{key:?}");
            assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new(), "{key:?}: {done:?}");
        }
    }
}

#[tokio::test]
async fn nobody_gets_the_name_of_one_whose_profile_is_lost() {
    let database = samples::site().await;
    database.table.delete(&keys::profile(&"ada".parse().unwrap())).await.unwrap();
    let new = samples::new_account("mal", "ada");
    assert!(matches!(database.register(new, None, None).await, Err(RegistrationError::UsernameTaken)));
}

#[tokio::test]
async fn two_accounts_of_one_number_are_told_of() {
    let database = samples::site().await;
    database.table.delete(&keys::account_counter()).await.unwrap();
    database.begin_counters().await.unwrap();
    let mal = samples::register(&database, "mal").await;
    assert_eq!(mal.user_id, 1);
    let problems = database.check().await.unwrap().everything();
    assert!(problems.contains(&"there are two accounts with number 1".to_owned()), "{problems:?}");
    let good = shown(&database).await;
    database.table.delete(&keys::profile(&mal.username)).await.unwrap();
    database.repair(samples::now()).await.unwrap();
    assert_eq!(shown(&database).await, good);
    let user = database.user(&mal.username).await.unwrap().unwrap();
    assert_eq!(user.username.as_str(), "mal");
}

#[tokio::test]
async fn what_is_lost_leaves_no_hole() {
    let database = samples::site().await;
    for key in [keys::article(2), keys::slug(&Slug::from_title("b"))] {
        database.table.delete(&key).await.unwrap();
    }
    database.table.delete(&keys::project(&"bob".parse().unwrap(), 1)).await.unwrap();
    database.repair(samples::now()).await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    let bob = "bob".parse().unwrap();
    assert_eq!(samples::listed(&database, &bob, PageRequest::new(1, 10)).await.unwrap().total, 0);
    assert_eq!(database.projects_of(&bob, PageRequest::new(1, 10)).await.unwrap().unwrap().total, 0);
    let Some(Found::Article(a)) = database.article(&Slug::from_title("a")).await.unwrap() else { panic!("no article") };
    assert_eq!(a.adjacent.next.unwrap().slug.as_str(), "c");
    let ada = samples::session(&database, "ada").await;
    samples::publish(&database, &ada, "E", "Text").await;
    assert_eq!(article(&database, "e").await.head.id, 5);
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
}

async fn article(database: &Database, slug: &str) -> Article {
    match database.article(&slug.parse().unwrap()).await.unwrap() {
        Some(Found::Article(found)) => found.article,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_text_stays_where_it_is() {
    let database = samples::site().await;
    let head: HeadItem = database.table.get(&keys::article(2)).await.unwrap().unwrap();
    let part = head.content.keys().next().unwrap();
    database.table.put(&part, &json!({"content": "x"})).await.unwrap();
    assert_eq!(database.repair(samples::now()).await.unwrap(), Vec::<String>::new());
    let page = samples::listed(&database, &"bob".parse().unwrap(), PageRequest::new(1, 10)).await.unwrap();
    assert_eq!((page.total, page.unreadable), (1, 1));
}

#[tokio::test]
async fn an_author_publishes_again_whatever_is_lost() {
    // All articles, and everything of one but its text.
    for lost in [vec![(1, "a"), (2, "b"), (3, "c"), (4, "c-2")], vec![(4, "c-2")]] {
        let database = samples::site().await;
        let ada = samples::session(&database, "ada").await;
        for (id, slug) in &lost {
            database.table.delete(&keys::article(*id)).await.unwrap();
            database.table.delete(&keys::slug(&slug.parse().unwrap())).await.unwrap();
        }
        let list = keys::list_root(&ListName::Author(ada.username.clone()));
        database.table.put(&list, &json!({"node": "x"})).await.unwrap();
        database.repair(samples::now()).await.unwrap();
        samples::publish(&database, &ada, "D", "Text").await;
        assert_eq!(article(&database, "d").await.head.id, 5);
        assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn nothing_is_numbered_anew_when_the_last_number_is_lost() {
    let database = samples::site().await;
    let (ada, bob) = (samples::session(&database, "ada").await, samples::session(&database, "bob").await);
    database.table.delete(&keys::account_counter()).await.unwrap();
    assert!(database.register(samples::new_account("carl", "carl"), None, None).await.is_err());
    database.table.delete(&keys::article_counter()).await.unwrap();
    assert!(samples::try_publish(&database, &ada, "D", "Text").await.is_err());
    database.table.delete(&keys::project_counter()).await.unwrap();
    assert!(samples::try_create_project(&database, &bob, "Q", "Text").await.is_err());
    database.repair(samples::now()).await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
}
