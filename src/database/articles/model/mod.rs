//! Whatever happens to articles, everything that is derived from them is what it should be: every
//! list, page and total, the neighbours, and what old slugs lead to.

mod operation;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;
use uuid::Uuid;

use self::operation::{Operation, operation, slug, tag, tags, title};
use crate::aws::AwsEndpoint;
use crate::business::{
    AccountStore, Adjacent, ArticleDraft, ArticleError, ArticleList, ArticlePatch, Articles, BIN_SECONDS, Clock,
    EmptyBin, Head, Job, JobReport, Limit, Limits, NewAccount, NewStatus, PageRequest, Pages, PasswordHash, Rate,
    Rates, Renderer, Session, Slug, State, Status, Tag, Timestamp, Title, Unlimited, Verb,
};
use crate::database::Database;
use crate::database::table::TableConfig;

/// A clock that stands until it is moved.
struct MovedClock(Mutex<Timestamp>);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The store of two processes: the embedded engine, which serves one, or a table of the engine that
/// `TALELIO_TEST` says.
async fn databases() -> [Arc<Database>; 2] {
    let target = std::env::var("TALELIO_TEST").unwrap_or_default();
    let Some(url) = target.strip_prefix("dynamodb=") else {
        let database = Arc::new(Database::embedded(None).await.unwrap());
        return [database.clone(), database];
    };
    let endpoint = AwsEndpoint { region: "eu-north-1".to_owned(), url: Some(url.to_owned()) };
    let config = TableConfig { table: format!("model-{}", Uuid::new_v4()), endpoint };
    let databases = [(); 2].map(|()| Arc::new(Database::connect(&config)));
    databases[0].create_table().await.unwrap();
    databases
}

/// The site, and what it should have.
struct Site {
    /// As two processes have it, which take turns.
    articles: [Articles; 2],
    turn: usize,
    database: Arc<Database>,
    clock: Arc<MovedClock>,
    authors: [Session; 2],
    /// By numbers.
    heads: BTreeMap<u64, Head>,
    /// The articles that had slugs which they do not have any more.
    moved: BTreeMap<String, u64>,
}

impl Site {
    async fn new() -> Self {
        let databases = databases().await;
        let clock = Arc::new(MovedClock(Mutex::new("2026-03-14T15:09:26Z".parse().unwrap())));
        let rate = |_: Limit| Rate::a_day(1.try_into().unwrap());
        let limits = Arc::new(Limits::new(Arc::new(Unlimited), clock.clone(), Rates::new(rate, 0)));
        let articles = databases.clone().map(|database| {
            let renderer = Renderer::new(database.clone(), "https://site", "https://api");
            Articles::new(database, clock.clone(), limits.clone(), renderer, "https://site")
        });
        let [database, _] = databases;
        let register = async |name: &str| {
            let email = format!("{name}@example.com").parse().unwrap();
            let (username, password) = (name.parse().unwrap(), PasswordHash::from_stored("x".to_owned()));
            let new = NewAccount { created_at: clock.now(), email, username, password };
            let user = database.register(new, None, None).await.unwrap().user;
            Session { user_id: user.id, username: user.username }
        };
        let authors = [register("ada").await, register("bob").await];
        Self { articles, turn: 0, database, clock, authors, heads: BTreeMap::new(), moved: BTreeMap::new() }
    }

    fn articles(&self) -> &Articles {
        &self.articles[self.turn % 2]
    }

    /// A moment so many seconds from now.
    fn at(&self, seconds: i8) -> Timestamp {
        let now = self.clock.now();
        let distance = u32::from(seconds.unsigned_abs());
        if seconds < 0 { now.minus_seconds(distance) } else { now.plus_seconds(distance) }
    }

    async fn run(&mut self, operation: &Operation) {
        self.turn += 1;
        let title = |number: &u8| Some(title(*number));
        match operation {
            Operation::Create { author, title: number, status } => {
                let status = match status.map(|at| self.at(at)) {
                    None => NewStatus::Published { published_at: None },
                    Some(publish_at) => NewStatus::Scheduled { publish_at },
                };
                self.create(*author, title(number), status).await;
            }
            Operation::Draft { author, title: number } => self.create(*author, title(number), NewStatus::Draft).await,
            Operation::Retitle(index, number) => {
                self.patch(*index, ArticlePatch { title: Some(title(number)), ..ArticlePatch::default() }).await;
            }
            Operation::Rename(index, number) => {
                self.patch(*index, ArticlePatch { slug: Some(slug(*number)), ..ArticlePatch::default() }).await;
            }
            Operation::Schedule(index, at) => {
                let publish_at = Some(at.map(|at| self.at(at)));
                self.patch(*index, ArticlePatch { publish_at, ..ArticlePatch::default() }).await;
            }
            Operation::Date(index, at) => {
                let published_at = Some(self.at(*at));
                self.patch(*index, ArticlePatch { published_at, ..ArticlePatch::default() }).await;
            }
            Operation::Do(index, verb) => {
                let verbs = [Verb::Publish { published_at: None }, Verb::Unpublish, Verb::Delete, Verb::Restore];
                let Some((author, before)) = self.pick(*index) else { return };
                let verb = verbs[usize::from(*verb)];
                let done = self.articles().apply(&author, &before.slug, verb, &None).await;
                self.note(Some(&before), done.map(|saved| saved.article.article.head));
            }
            Operation::Tag(index, tags_of) => {
                let tags = Some(tags(tags_of));
                self.patch(*index, ArticlePatch { tags, ..ArticlePatch::default() }).await;
            }
            Operation::RenameTag(from, to) => self.rename_tag(tag(*from), tag(*to)).await,
            Operation::Wait(seconds) => {
                let mut now = self.clock.0.lock().unwrap();
                *now = now.plus_seconds(u32::from(*seconds));
            }
        }
    }

    async fn create(&mut self, author: usize, title: Option<Title>, status: NewStatus) {
        let draft = ArticleDraft {
            title,
            body: "Text".to_owned(),
            meta_description: "".parse().unwrap(),
            featured_image: None,
            tags: Vec::new(),
            status,
        };
        let created = self.articles().create(&self.authors[author], draft, None).await;
        self.note(None, created.map(|saved| saved.article.article.head));
    }

    async fn patch(&mut self, index: Index, patch: ArticlePatch) {
        let Some((author, before)) = self.pick(index) else { return };
        let patched = self.articles().patch(&author, &before.slug, patch, &None).await;
        self.note(Some(&before), patched.map(|saved| saved.article.article.head));
    }

    async fn rename_tag(&mut self, from: Tag, to: Tag) {
        let renamed = self.articles().rename_tag(&self.authors[0], &from.slug(), &to).await;
        let mut count = 0;
        for head in self.heads.values_mut().filter(|head| head.tags.iter().any(|tag| tag.slug() == from.slug())) {
            let names = head.tags.iter().map(|tag| if tag.slug() == from.slug() { &to } else { tag });
            let names: Vec<_> =
                names.map(|tag| if tag.slug() == to.slug() { to.as_str() } else { tag.as_str() }).collect();
            let tags = Tag::several(names).unwrap();
            if tags != head.tags {
                (head.tags, head.version) = (tags, head.version + 1);
            }
            count += 1;
        }
        match renamed {
            Ok(_) => assert!(count > 0),
            Err(ArticleError::NoTag) => assert_eq!(count, 0),
            Err(error) => panic!("{error}"),
        }
    }

    fn pick(&self, index: Index) -> Option<(Session, Head)> {
        let heads: Vec<_> = self.heads.values().collect();
        let head = (!heads.is_empty()).then(|| heads[index.index(heads.len())].clone())?;
        let author = self.authors.iter().find(|author| head.is_by(author)).unwrap();
        Some((author.clone(), head))
    }

    /// Notes what an article is now, which may be what it was.
    fn note(&mut self, before: Option<&Head>, after: Result<Head, ArticleError>) {
        let after = match after {
            Ok(after) => after,
            Err(ArticleError::Fault(fault)) => panic!("{fault:?} {:?}", std::error::Error::source(&fault)),
            Err(_) => return,
        };
        if let Some(before) = before.filter(|before| before.slug != after.slug && before.slug_stays) {
            self.moved.insert(before.slug.to_string(), before.id);
        }
        self.moved.remove(after.slug.as_str());
        self.heads.insert(after.id, after);
    }

    /// The articles that are something, by a time, the newest first.
    fn expected(&self, author: Option<&Session>, status: Status) -> Vec<Head> {
        let now = self.clock.now();
        let by = |head: &&Head| author.is_none_or(|author| head.is_by(author));
        let mut heads: Vec<_> = self.heads.values().filter(by).filter(|head| head.status(now) == status).collect();
        heads.sort_by_key(|head| {
            let time = match (head.deleted_at, head.state) {
                (Some(time), _)
                | (None, State::Listed { published_at: time } | State::Unlisted { published_at: time }) => time,
                (None, State::Draft) => head.updated_at,
            };
            (time, head.id)
        });
        heads.into_iter().rev().cloned().collect()
    }

    async fn check(&self, page: PageRequest) {
        let pages = Pages::Number(page);
        let slice = |heads: &[Head]| -> Vec<Head> {
            let skip = (page.page() - 1) * page.limit();
            heads.iter().skip(skip.try_into().unwrap()).take(page.limit().try_into().unwrap()).cloned().collect()
        };
        for list in [None, Some(0), Some(1)] {
            let author = list.map(|index| &self.authors[index]);
            let list = author.map_or(ArticleList::Site, |author| ArticleList::Author(author.username.clone()));
            let found = self.articles().list(&list, None, pages).await.unwrap().unwrap();
            let expected = self.expected(author, Status::Published);
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{list:?}");
        }
        for (author, status) in self.authors.iter().flat_map(|author| Status::ALL.map(|status| (author, status))) {
            let found = self.articles().own_list(author, status, pages).await.unwrap();
            let expected = self.expected(Some(author), status);
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{author:?} {status:?}");
        }
        self.check_tags(pages, slice).await;
        self.check_articles().await;
        self.check_moved().await;
    }

    async fn check_tags(&self, pages: Pages, slice: impl Fn(&[Head]) -> Vec<Head>) {
        let mut expected = BTreeMap::new();
        for head in self.expected(None, Status::Published) {
            for tag in head.tags.iter().map(Tag::slug) {
                expected.entry(tag.to_string()).or_insert_with(Vec::new).push(head.clone());
            }
        }
        let found = self.articles().tags().await.unwrap().tags;
        let counts: Vec<_> = found.iter().map(|tag| (tag.name.slug().to_string(), tag.articles)).collect();
        let count = |(tag, heads): (&String, &Vec<Head>)| (tag.clone(), heads.len() as u64);
        assert_eq!(counts, expected.iter().map(count).collect::<Vec<_>>());
        for (tag, expected) in expected {
            let list = ArticleList::Tag(tag.parse().unwrap());
            let found = self.articles().list(&list, None, pages).await.unwrap().unwrap();
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{tag}");
        }
    }

    async fn check_articles(&self) {
        let now = self.clock.now();
        let listed = self.expected(None, Status::Published);
        for head in self.heads.values() {
            let author = self.authors.iter().find(|author| head.is_by(author)).unwrap();
            assert_eq!(self.articles().read(&head.slug, Some(author)).await.unwrap().article.article.head, *head);
            let read = self.articles().read(&head.slug, None).await;
            if !head.is_visible(now) {
                assert!(matches!(read, Err(ArticleError::NotFound)), "{head:?} {read:?}");
                continue;
            }
            let read = read.unwrap().article;
            let place = listed.iter().position(|other| other.id == head.id);
            let beside = |place: Option<usize>| {
                place.and_then(|place| listed.get(place)).map(|head| (head.title.clone(), head.slug.clone()))
            };
            let next = beside(place.and_then(|place| place.checked_sub(1)));
            let prev = beside(place.map(|place| place + 1));
            let link = |adjacent: Option<Adjacent>| adjacent.map(|adjacent| (adjacent.title, adjacent.slug));
            assert_eq!((link(read.adjacent.next), link(read.adjacent.prev)), (next, prev), "{head:?}");
        }
    }

    async fn check_moved(&self) {
        for (slug, id) in &self.moved {
            let (slug, head): (Slug, _) = (slug.parse().unwrap(), &self.heads[id]);
            match self.articles().read(&slug, None).await {
                Err(ArticleError::Moved(to)) => {
                    assert!(head.is_visible(self.clock.now()), "{slug} {head:?}");
                    assert_eq!(to, head.slug);
                }
                Err(ArticleError::NotFound) => assert!(!head.is_visible(self.clock.now()), "{slug} {head:?}"),
                other => panic!("{slug}: {other:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 16, ..Config::default() })]

    #[test]
    fn everything_that_is_derived_is_what_it_should_be(
        operations in vec((operation(), (1..4_u32, 1..8_u32)), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut site = Site::new().await;
            for (operation, (page, limit)) in &operations {
                site.run(operation).await;
                site.check(PageRequest::new(*page, *limit)).await;
            }
            assert_eq!(site.database.check().await.unwrap().everything(), Vec::<String>::new());
        });
    }
}

#[tokio::test]
async fn what_was_in_the_bin_for_too_long_is_gone_with_everything_of_it() {
    let mut site = Site::new().await;
    let title = |text: &str| Some(text.parse().unwrap());
    for text in ["A", "B", "C"] {
        site.create(0, title(text), NewStatus::Published { published_at: None }).await;
    }
    let slug = |text: &str| -> Slug { text.parse().unwrap() };
    let rename = async |from: &str, to: &str| {
        let patch = ArticlePatch { slug: Some(slug(to)), ..ArticlePatch::default() };
        site.articles().patch(&site.authors[0], &slug(from), patch, &None).await.unwrap();
    };
    rename("a", "once").await;
    rename("once", "again").await;
    // Another has one of its slugs by now.
    rename("b", "once").await;
    let delete = async |name: &str| {
        site.articles().apply(&site.authors[0], &slug(name), Verb::Delete, &None).await.unwrap();
    };
    delete("again").await;
    let job = EmptyBin::new(site.database.clone(), site.clock.clone());
    let wait = |seconds: u32| {
        let mut now = site.clock.0.lock().unwrap();
        *now = now.plus_seconds(seconds);
    };
    wait(BIN_SECONDS - 1);
    delete("c").await;
    assert!(!job.is_due().await.unwrap());
    assert_eq!(job.run().await.unwrap(), JobReport::default());
    wait(1);
    // It is gone by now, whether or not that was done already.
    let restored = site.articles().apply(&site.authors[0], &slug("again"), Verb::Restore, &None).await;
    assert!(matches!(restored, Err(ArticleError::NotFound)));
    assert!(job.is_due().await.unwrap());
    assert_eq!(job.run().await.unwrap(), JobReport { done: 1, ..JobReport::default() });
    assert!(!job.is_due().await.unwrap());
    assert_eq!(site.database.check().await.unwrap().everything(), Vec::<String>::new());
    let (items, _) = site.database.table.scan(None, None).await.unwrap();
    let left: Vec<_> = items.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    for gone in ["ARTICLE#000000000001", "SLUG#a", "SLUG#again"] {
        assert!(!left.contains(&gone), "{gone}");
    }
    assert_eq!(left.iter().filter(|pk| pk.starts_with("CONTENT#")).count(), 2);
    assert!(site.articles().read(&slug("once"), None).await.is_ok());
    assert_eq!(
        site.articles()
            .own_list(&site.authors[0], Status::Deleted, Pages::Number(PageRequest::new(1, 9)))
            .await
            .unwrap()
            .page
            .total,
        1
    );
    site.create(0, title("Again"), NewStatus::Published { published_at: None }).await;
    assert_eq!(site.heads[&4].slug.as_str(), "again");
}
