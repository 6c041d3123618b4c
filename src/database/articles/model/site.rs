//! A site, and what it should have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::sample::Index;
use uuid::Uuid;

use super::operation::{Operation, series, slug, tag, tags, title};
use crate::aws::AwsEndpoint;
use crate::business::{
    AccountStore, ArticleDraft, ArticleError, ArticlePatch, Articles, Clock, Head, Limit, Limits, NewAccount,
    NewStatus, PasswordHash, Rate, Rates, Renderer, SeriesPatch, Session, Slug, Tag, Timestamp, Title, Unlimited, Verb,
};
use crate::database::Database;
use crate::database::table::TableConfig;

/// A clock that stands until it is moved.
pub(super) struct MovedClock(pub(super) Mutex<Timestamp>);

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
pub(super) struct Site {
    /// As two processes have it, which take turns.
    pub(super) articles: [Articles; 2],
    pub(super) turn: usize,
    pub(super) database: Arc<Database>,
    pub(super) clock: Arc<MovedClock>,
    pub(super) authors: [Session; 2],
    /// By numbers.
    pub(super) heads: BTreeMap<u64, Head>,
    /// The articles that had slugs which they do not have any more.
    pub(super) moved: BTreeMap<String, u64>,
    /// The numbers of the articles of series, in order.
    pub(super) series: BTreeMap<String, Vec<u64>>,
}

impl Site {
    pub(super) async fn new() -> Self {
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
        Self {
            articles,
            turn: 0,
            database,
            clock,
            authors,
            heads: BTreeMap::new(),
            moved: BTreeMap::new(),
            series: BTreeMap::new(),
        }
    }

    pub(super) fn articles(&self) -> &Articles {
        &self.articles[self.turn % 2]
    }

    /// A moment so many seconds from now.
    fn at(&self, seconds: i8) -> Timestamp {
        let now = self.clock.now();
        let distance = u32::from(seconds.unsigned_abs());
        if seconds < 0 { now.minus_seconds(distance) } else { now.plus_seconds(distance) }
    }

    pub(super) async fn run(&mut self, operation: &Operation) {
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
            Operation::Join(index, number) => {
                let series = Some(number.map(series));
                self.patch(*index, ArticlePatch { series, ..ArticlePatch::default() }).await;
            }
            Operation::Reorder(number, order) => self.reorder(&series(*number).slug(), order).await,
            Operation::RenameTag(from, to) => self.rename_tag(tag(*from), tag(*to)).await,
            Operation::Wait(seconds) => {
                let mut now = self.clock.0.lock().unwrap();
                *now = now.plus_seconds(u32::from(*seconds));
            }
        }
    }

    pub(super) async fn create(&mut self, author: usize, title: Option<Title>, status: NewStatus) {
        let draft = ArticleDraft {
            title,
            body: "Text".to_owned(),
            meta_description: "".parse().unwrap(),
            featured_image: None,
            tags: Vec::new(),
            series: None,
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

    pub(super) async fn rename_tag(&mut self, from: Tag, to: Tag) {
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

    async fn reorder(&mut self, series: &Slug, order: &[Index]) {
        let Some(ids) = self.series.get_mut(series.as_str()).filter(|ids| !ids.is_empty()) else { return };
        let first: Vec<u64> = order.iter().map(|index| ids[index.index(ids.len())]).collect();
        let articles = first.iter().map(|id| self.heads[id].slug.clone()).collect();
        let author = self.authors.iter().find(|author| self.heads[&ids[0]].is_by(author)).unwrap();
        let mut after: Vec<u64> = Vec::new();
        for id in first.iter().chain(&*ids) {
            if !after.contains(id) {
                after.push(*id);
            }
        }
        *ids = after;
        let patch = SeriesPatch { title: None, articles: Some(articles) };
        self.articles[self.turn % 2].change_series(author, series, &patch).await.unwrap();
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
        for (slug, ids) in &mut self.series {
            if after.series.as_ref().is_none_or(|series| series.as_str() != slug) {
                ids.retain(|id| *id != after.id);
            }
        }
        if let Some(series) = &after.series {
            let ids = self.series.entry(series.to_string()).or_default();
            assert!(ids.iter().all(|id| self.heads[id].author == after.author));
            if !ids.contains(&after.id) {
                ids.push(after.id);
            }
        }
        self.heads.insert(after.id, after);
    }
}
