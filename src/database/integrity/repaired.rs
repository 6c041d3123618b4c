//! What is there after a repair.

use serde_json::json;

use super::samples;
use crate::business::{AccountStore, ArticleStore, PageRequest, ProjectStore, RegistrationError, Slug};
use crate::database::Database;
use crate::database::articles::{EntryItem, MetaItem, Publications};
use crate::database::keys::{self, Key};

/// What readers are shown.
async fn shown(database: &Database) -> Vec<String> {
    let mut shown = Vec::new();
    for slug in ["a", "b", "c", "c-2"] {
        shown.push(format!("{:?}", database.article(&slug.parse().unwrap()).await.unwrap().unwrap()));
    }
    for name in ["ada", "bob"] {
        let (username, page) = (name.parse().unwrap(), PageRequest::new(1, 10));
        shown.push(format!("{:?}", database.articles_of(&username, page).await.unwrap()));
        shown.push(format!("{:?}", database.projects_of(&username, page).await.unwrap()));
        shown.push(format!("{:?}", database.user(&username).await.unwrap()));
    }
    shown
}

/// The keys of what says what nothing else says.
fn is_unique(key: &Key) -> bool {
    key.pk.starts_with("ACCOUNT#") || ["PART#", "PROJECT#", "IMAGE#"].iter().any(|sk| key.sk.starts_with(sk))
}

#[tokio::test]
async fn whatever_others_tell_of_is_made_again() {
    let good = samples::site().await;
    let (items, _) = good.table.scan(None, None).await.unwrap();
    let good = shown(&good).await;
    for key in items.iter().map(samples::key).filter(|key| !is_unique(key)) {
        for damaged in [false, true] {
            let database = samples::site().await;
            if damaged {
                database.table.put(&key, &json!({"last": "x"})).await.unwrap();
            } else {
                database.table.delete(&key).await.unwrap();
            }
            let done = database.repair().await.unwrap();
            assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new(), "{key:?}: {done:?}");
            assert_eq!(shown(&database).await, good, "{key:?}: {done:?}");
            assert_eq!(database.repair().await.unwrap(), Vec::<String>::new(), "{key:?}");
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
async fn two_accounts_of_one_number_are_not_taken_for_each_other() {
    let database = samples::site().await;
    let publications: Publications = database.table.get(&keys::publications()).await.unwrap().unwrap();
    for key in [keys::account_counter(), keys::publications()] {
        database.table.delete(&key).await.unwrap();
    }
    let mal = samples::register(&database, "mal").await;
    assert_eq!(mal.user_id, 1);
    database.table.put(&keys::publications(), &publications).await.unwrap();
    let problems = database.check().await.unwrap().everything();
    assert!(problems.contains(&"there are two accounts with number 1".to_owned()), "{problems:?}");
    let good = shown(&database).await;
    database.table.delete(&keys::profile(&mal.username)).await.unwrap();
    database.repair().await.unwrap();
    assert_eq!(shown(&database).await, good);
    let user = database.user(&mal.username).await.unwrap().unwrap();
    assert_eq!(user.username.as_str(), "mal");
}

#[tokio::test]
async fn what_is_lost_leaves_no_hole() {
    let database = samples::site().await;
    for key in [keys::article_meta(&Slug::from_title("b")), keys::article_part(&Slug::from_title("b"), 0)] {
        database.table.delete(&key).await.unwrap();
    }
    database.table.delete(&keys::project(&"bob".parse().unwrap(), 1)).await.unwrap();
    database.repair().await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    let bob = "bob".parse().unwrap();
    assert!(database.articles_of(&bob, PageRequest::new(1, 10)).await.unwrap().is_none());
    assert_eq!(database.projects_of(&bob, PageRequest::new(1, 10)).await.unwrap().unwrap().total, 0);
    let a = database.article(&Slug::from_title("a")).await.unwrap().unwrap();
    assert_eq!(a.adjacent.next.unwrap().slug.as_str(), "c");
    let ada = samples::session(&database, "ada").await;
    samples::publish(&database, &ada, "E", "Text").await;
    assert_eq!(database.article(&Slug::from_title("e")).await.unwrap().unwrap().article.id, 5);
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_publishes_over_what_is_left_of_an_article() {
    let database = samples::site().await;
    let ada = samples::session(&database, "ada").await;
    let left = keys::article_part(&Slug::from_title("a"), 0);
    let before = database.table.find(&left).await.unwrap();
    for key in [keys::article_meta(&Slug::from_title("a")), keys::user_article(&ada.username, 1)] {
        database.table.delete(&key).await.unwrap();
    }
    database.repair().await.unwrap();
    let problems = database.check().await.unwrap().everything();
    assert_eq!(problems, ["there are parts of article a, and nothing else of it that can be read"]);
    samples::publish(&database, &ada, "A", "Another text").await;
    let published = database.article(&"a-2".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(published.article.body, "Another text");
    assert_eq!(database.table.find(&left).await.unwrap(), before);
}

#[tokio::test]
async fn a_damaged_text_stays_where_it_is() {
    let database = samples::site().await;
    database.table.put(&keys::article_part(&Slug::from_title("b"), 0), &json!({"content": "x"})).await.unwrap();
    assert_eq!(database.repair().await.unwrap(), Vec::<String>::new());
    let (page, _) = database.articles_of(&"bob".parse().unwrap(), PageRequest::new(1, 10)).await.unwrap().unwrap();
    assert_eq!((page.total, page.unreadable), (1, 1));
}

#[tokio::test]
async fn an_author_publishes_again_whatever_is_lost() {
    // All articles, and everything of one but its text.
    for lost in [vec!["a", "b", "c", "c-2"], vec!["c-2"]] {
        let database = samples::site().await;
        let ada = samples::session(&database, "ada").await;
        for slug in &lost {
            let slug: Slug = slug.parse().unwrap();
            database.table.delete(&keys::article_meta(&slug)).await.unwrap();
            database.table.delete(&keys::article_part(&slug, 0)).await.unwrap();
        }
        database.table.put(&keys::user_article(&ada.username, 3), &json!({"id": "x"})).await.unwrap();
        database.repair().await.unwrap();
        samples::publish(&database, &ada, "D", "Text").await;
        assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn two_articles_of_one_number_stay_on_their_lists() {
    let database = samples::site().await;
    let key = keys::article_meta(&Slug::from_title("c"));
    let meta: MetaItem = database.table.get(&key).await.unwrap().unwrap();
    database.table.put(&key, &MetaItem { id: 1, ..meta }).await.unwrap();
    let entry: EntryItem = database.table.get(&keys::user_article(&"ada".parse().unwrap(), 2)).await.unwrap().unwrap();
    let entry = EntryItem { id: 1, ..entry };
    database.table.put(&keys::user_article(&"ada".parse().unwrap(), 2), &entry).await.unwrap();
    let good = shown(&database).await;
    database.repair().await.unwrap();
    assert_eq!(shown(&database).await, good);
}

#[tokio::test]
async fn a_list_says_how_many_parts_there_are() {
    let database = samples::site().await;
    let good = shown(&database).await;
    let key = keys::user_article(&"ada".parse().unwrap(), 2);
    let entry: EntryItem = database.table.get(&key).await.unwrap().unwrap();
    database.table.put(&key, &EntryItem { parts: 0, ..entry }).await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), ["article c has 0 parts by its author's list, and 1"]);
    database.repair().await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
    assert_eq!(shown(&database).await, good);
}

#[tokio::test]
async fn nothing_is_numbered_anew_when_the_last_number_is_lost() {
    let database = samples::site().await;
    let (ada, bob) = (samples::session(&database, "ada").await, samples::session(&database, "bob").await);
    database.table.delete(&keys::account_counter()).await.unwrap();
    assert!(database.register(samples::new_account("carl", "carl"), None, None).await.is_err());
    database.table.delete(&keys::publications()).await.unwrap();
    assert!(samples::try_publish(&database, &ada, "D", "Text").await.is_err());
    database.table.delete(&keys::project_counter()).await.unwrap();
    assert!(samples::try_create_project(&database, &bob, "Q", "Text").await.is_err());
    database.repair().await.unwrap();
    assert_eq!(database.check().await.unwrap().everything(), Vec::<String>::new());
}
