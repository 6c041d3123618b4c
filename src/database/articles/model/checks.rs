//! Whether a site has what it should have.

use std::collections::BTreeMap;

use super::site::Site;
use crate::business::{
    Adjacent, ArticleError, ArticleList, Clock, Detail, Head, PageRequest, Pages, Session, Slug, State, Status, Tag,
};

impl Site {
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

    pub(super) async fn check(&self, page: PageRequest) {
        let pages = Pages::Number(page);
        let slice = |heads: &[Head]| -> Vec<Head> {
            let skip = (page.page() - 1) * page.limit();
            heads.iter().skip(skip.try_into().unwrap()).take(page.limit().try_into().unwrap()).cloned().collect()
        };
        for list in [None, Some(0), Some(1)] {
            let author = list.map(|index| &self.authors[index]);
            let list = author.map_or(ArticleList::Site, |author| ArticleList::Author(author.username.clone()));
            let found = self.articles().list(&list, None, (pages, Detail::default())).await.unwrap().unwrap();
            let expected = self.expected(author, Status::Published);
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{list:?}");
        }
        for (author, status) in self.authors.iter().flat_map(|author| Status::ALL.map(|status| (author, status))) {
            let found = self.articles().own_list(author, status, (pages, Detail::default())).await.unwrap();
            let expected = self.expected(Some(author), status);
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{author:?} {status:?}");
        }
        self.check_tags(pages, slice).await;
        self.check_series(pages, |heads| slice(&heads)).await;
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
        let found = self.articles().tags(None).await.unwrap().tags;
        let counts: Vec<_> = found.iter().map(|tag| (tag.name.slug().to_string(), tag.articles)).collect();
        let count = |(tag, heads): (&String, &Vec<Head>)| (tag.clone(), heads.len() as u64);
        assert_eq!(counts, expected.iter().map(count).collect::<Vec<_>>());
        for (tag, expected) in expected {
            let list = ArticleList::Tag(tag.parse().unwrap());
            let found = self.articles().list(&list, None, (pages, Detail::default())).await.unwrap().unwrap();
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (expected.len() as u64, slice(&expected)), "{tag}");
        }
    }

    async fn check_series(&self, pages: Pages, slice: impl Fn(Vec<Head>) -> Vec<Head>) {
        let now = self.clock.now();
        for (slug, ids) in &self.series {
            let slug: Slug = slug.parse().unwrap();
            let shown: Vec<_> = ids.iter().map(|id| &self.heads[id]).collect();
            let shown: Vec<Head> =
                shown.into_iter().filter(|head| head.status(now) == Status::Published).cloned().collect();
            let found = self
                .articles()
                .list(&ArticleList::Series(slug), None, (pages, Detail::default()))
                .await
                .unwrap()
                .unwrap();
            let heads: Vec<Head> = found.page.items.into_iter().map(|article| article.head).collect();
            assert_eq!((found.page.total, heads), (shown.len() as u64, slice(shown.clone())));
            for (place, head) in shown.iter().enumerate() {
                let read = self.articles().read(&head.slug, None).await.unwrap().series.unwrap();
                let beside = |place: Option<usize>| shown.get(place?).map(|head| head.slug.clone());
                let found = (read.prev.map(|prev| prev.slug), read.next.map(|next| next.slug));
                let expected = (beside(place.checked_sub(1)), beside(Some(place + 1)));
                assert_eq!((read.place, read.total, found), (place + 1, shown.len(), expected));
            }
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
