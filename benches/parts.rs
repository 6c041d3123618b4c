//! What the parts of an answer take, without HTTP: `cargo bench`.

use std::hint::black_box;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use talelio::business::memory::{self, MemoryBudget};
use talelio::business::{
    AccountStore, ArticleList, ArticleStore, Clock, Detail, InProcessLimits, Limit, Limits, Network, NewAccount,
    NewArticle, NewState, PageRequest, Pages, Part, PasswordHash, Rate, Rates, SavedText, Selection, Session, Slug,
    Subject, SystemClock, Text, Timestamp,
};
use talelio::database::Database;
use talelio::database::content;
use talelio::markdown::{self, Rendered};
use tokio::runtime::Runtime;

const SITE: &str = "https://www.talel.io";

/// A Markdown text with what articles have, 7 KB of it.
fn text() -> String {
    let paragraph = "Not *every* word of this has a **meaning**, but [each](https://example.com/a) takes `room`. ";
    let section = format!(
        "## A heading\n\n{}\n\n* one\n* two\n\n```rust\nfn main() {{}}\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n",
        paragraph.repeat(5)
    );
    section.repeat(13)
}

fn content() -> Text {
    let Rendered { html, table_of_contents, renderer, .. } = markdown::render(&text(), SITE).expect("within reason");
    Text { body: text(), html, table_of_contents, renderer }
}

fn now() -> Timestamp {
    "2026-03-14T15:09:26.535Z".parse().expect("RFC 3339")
}

fn article(number: u64) -> NewArticle {
    let title = format!("Article {number}");
    NewArticle {
        state: NewState::Listed(None),
        slug: Slug::from_title(&title),
        slug_stays: true,
        title,
        meta_description: "About it".parse().expect("a description"),
        featured_image: None,
        tags: Vec::new(),
        series: None,
        text: SavedText { text: content(), ..SavedText::default() },
    }
}

/// A store in memory with a hundred articles.
async fn store() -> (Arc<Database>, Session) {
    let store = Arc::new(Database::embedded(None).await.expect("a store"));
    let account = NewAccount {
        created_at: now(),
        email: "ada@example.com".parse().expect("an address"),
        username: "ada".parse().expect("a name"),
        password: PasswordHash::from_stored("none".to_owned()),
    };
    let registered = store.register(account, None, None).await.expect("registered");
    let session = Session { user_id: registered.user.id, username: registered.user.username };
    for number in 0..100 {
        store.create_article(article(number), &session, None, &SystemClock).await.expect("published");
    }
    (store, session)
}

fn words(criterion: &mut Criterion) {
    let text = text();
    criterion.bench_function("render 7 KB of Markdown", |bencher| {
        bencher.iter(|| markdown::render(black_box(&text), SITE));
    });
    criterion.bench_function("make a slug", |bencher| {
        bencher.iter(|| Slug::from_title(black_box("Ärger über Öl: «where» to go, and 10 ways to get there")));
    });
}

fn documents(criterion: &mut Criterion) {
    let content = content();
    let packed = content::pack(&content).expect("packed").expect("not too large");
    criterion.bench_function("pack an article", |bencher| bencher.iter(|| content::pack(black_box(&content))));
    criterion.bench_function("unpack an article", |bencher| {
        bencher.iter(|| content::unpack::<Text>(black_box(&packed.parts)));
    });
    criterion.bench_function("write an article as JSON", |bencher| {
        bencher.iter(|| serde_json::to_vec(black_box(&content)));
    });
}

fn storage(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (store, session) = runtime.block_on(store());
    let slug = Slug::from_title("Article 50");
    criterion.bench_function("read an article from the store", |bencher| {
        bencher.to_async(&runtime).iter(|| async { store.article(&slug).await.expect("an article") });
    });
    criterion.bench_function("read a page of 10 from the store", |bencher| {
        let (list, pages) = (ArticleList::Author(session.username.clone()), Pages::Number(PageRequest::new(5, 10)));
        let selection = Selection { part: Part::default(), pages, detail: Detail::default() };
        bencher
            .to_async(&runtime)
            .iter(|| async { store.list(&list, selection, SystemClock.now()).await.expect("a page") });
    });
    let mut number = 1_000;
    criterion.bench_function("publish an article into the store", |bencher| {
        let next = || {
            number += 1;
            article(number)
        };
        let publish =
            |article| async { store.create_article(article, &session, None, &SystemClock).await.expect("published") };
        bencher.to_async(&runtime).iter_batched(next, publish, BatchSize::SmallInput);
    });
}

fn bookkeeping(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let budget = MemoryBudget::new(96 << 20);
    let network = Network::from(IpAddr::from([192, 0, 2, 1]));
    criterion.bench_function("count the memory of a request", |bencher| {
        let response = Bytes::from(vec![0; 65_536]);
        let request = || {
            memory::scope(&budget, network, async {
                memory::reserve(black_box(20_000)).expect("there is enough");
                memory::held(response.clone()).expect("there is enough")
            })
        };
        bencher.to_async(&runtime).iter(request);
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rate = |_: Limit| Rate::a_day(NonZeroU64::MAX);
    let limits = Limits::new(Arc::new(InProcessLimits::new(clock.clone())), clock, Rates::new(rate, 0));
    criterion.bench_function("count a request of a network", |bencher| {
        let take = || async { limits.take(Limit::Logins, Subject::Network(network)).await.expect("not too many") };
        bencher.to_async(&runtime).iter(take);
    });
}

criterion_group!(parts, words, documents, storage, bookkeeping);
criterion_main!(parts);
