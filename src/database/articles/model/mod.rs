//! Whatever happens to articles, everything that is derived from them is what it should be: every
//! list, page and total, the neighbours, and what old slugs lead to.

mod checks;
mod operation;
mod site;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use self::operation::operation;
use self::site::Site;
use crate::business::{
    ArticleError, ArticlePatch, BIN_SECONDS, Detail, EmptyBin, Job, JobReport, NewStatus, PageRequest, Pages, Slug,
    Status, Verb,
};

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
            .own_list(&site.authors[0], Status::Deleted, (Pages::Number(PageRequest::new(1, 9)), Detail::default()))
            .await
            .unwrap()
            .page
            .total,
        1
    );
    site.create(0, title("Again"), NewStatus::Published { published_at: None }).await;
    assert_eq!(site.heads[&4].slug.as_str(), "again");
}
