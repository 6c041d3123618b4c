//! What tests store.

use uuid::Uuid;

use crate::business::{
    AccountStore, Article, ArticleList, ArticleStore, ChangeError, Clock, CreateError, Detail, Image, ImageStore,
    ListError, NewAccount, NewArticle, NewProject, NewState, Page, PageRequest, Pages, Part, PasswordHash, Project,
    ProjectStore, SavedText, Selection, Session, Slug, Tag, Text, Timestamp, Username,
};
use crate::database::Database;
use crate::database::keys::Key;
use crate::database::table::Item;

pub(super) fn now() -> Timestamp {
    "2026-03-14T15:09:26Z".parse().unwrap()
}

/// A clock that stands.
pub(super) struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// An article that is published at once.
pub(super) fn article(title: &str, body: &str) -> NewArticle {
    NewArticle {
        state: NewState::Listed(None),
        title: title.to_owned(),
        slug: Slug::from_title(title),
        slug_stays: true,
        meta_description: "".parse().unwrap(),
        featured_image: None,
        tags: Vec::new(),
        series: None,
        text: SavedText { text: Text { body: body.to_owned(), ..Text::default() }, ..SavedText::default() },
    }
}

pub(super) fn new_account(address: &str, name: &str) -> NewAccount {
    let email = format!("{address}@example.com").parse().unwrap();
    let password = PasswordHash::from_stored("x".to_owned());
    NewAccount { created_at: now(), email, username: name.parse().unwrap(), password }
}

pub(super) async fn register(database: &Database, name: &str) -> Session {
    let registered = database.register(new_account(name, name), None, None).await.unwrap();
    Session { user_id: registered.user.id, username: registered.user.username }
}

pub(super) async fn publish(database: &Database, author: &Session, title: &str, body: &str) {
    try_publish(database, author, title, body).await.unwrap();
}

pub(super) async fn try_publish(
    database: &Database,
    author: &Session,
    title: &str,
    body: &str,
) -> Result<(), ChangeError> {
    database.create_article(article(title, body), author, None, &StandingClock).await.map(drop)
}

/// A page of what an author has published.
pub(super) async fn listed(
    database: &Database,
    author: &Username,
    request: PageRequest,
) -> Result<Page<Article>, ListError> {
    let list = ArticleList::Author(author.clone());
    let (part, pages) = (Part::visible(now()), Pages::Number(request));
    let selection = Selection { part, pages, detail: Detail::default() };
    let listing = database.list(&list, selection, now()).await?;
    Ok(listing.expect("an author").page)
}

pub(super) async fn create_project(database: &Database, author: &Session, title: &str, body: &str) -> Project {
    try_create_project(database, author, title, body).await.unwrap()
}

pub(super) async fn try_create_project(
    database: &Database,
    author: &Session,
    title: &str,
    body: &str,
) -> Result<Project, CreateError> {
    let project = NewProject {
        created_at: now(),
        title: title.parse().unwrap(),
        body: body.to_owned(),
        rendered: <_>::default(),
    };
    database.create(project, author, None).await
}

/// An image whose id ends with a number.
pub(super) fn image(number: u8) -> Image {
    let id = Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + u128::from(number));
    Image {
        file: format!("a_{id}.png").parse().unwrap(),
        created_at: now(),
        width: 1,
        height: 1,
        bytes: 1,
        animated: false,
        checksum: None,
    }
}

pub(super) async fn add_image(database: &Database, author: &Session, number: u8) {
    database.add(author, &[image(number)], None).await.unwrap();
}

/// A site of two authors, with four articles, a project and an image.
pub(super) async fn site() -> Database {
    let database = Database::embedded(None).await.unwrap();
    let (ada, bob) = (register(&database, "ada").await, register(&database, "bob").await);
    for (author, title) in [(&ada, "A"), (&bob, "B"), (&ada, "C")] {
        publish(&database, author, title, "Text").await;
    }
    let (tags, series) = (Tag::several(["T"]).unwrap(), Some("s".parse().unwrap()));
    let last = NewArticle { tags, series, ..article("C", "Text") };
    database.create_article(last, &ada, None, &StandingClock).await.unwrap();
    create_project(&database, &bob, "P", "Text").await;
    add_image(&database, &ada, 1).await;
    database
}

/// The session of somebody who has registered.
pub(super) async fn session(database: &Database, name: &str) -> Session {
    let user = database.user(&name.parse().unwrap()).await.unwrap().unwrap();
    Session { user_id: user.id, username: user.username }
}

/// The keys of all items, in order.
pub(super) async fn keys(database: &Database) -> Vec<Key> {
    let (items, _) = database.table.scan(None, None).await.unwrap();
    let mut keys: Vec<_> = items.iter().map(key).collect();
    keys.sort_unstable_by_key(|key| (key.pk.clone(), key.sk.clone()));
    keys
}

fn key(item: &Item) -> Key {
    let text = |name: &str| item[name].as_s().unwrap().clone();
    Key { pk: text("pk"), sk: text("sk") }
}
