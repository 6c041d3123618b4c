//! What authors make of articles, and who reads what.

mod history;
mod ordering;
mod previews;
mod tagging;

pub use ordering::{AllSeries, SeriesPatch};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::business::articles::article::{
    AdjacentArticles, ArticleWithAuthor, Head, SavedText, Status, Text, Versions,
};
use crate::business::articles::changes::{ArticlePatch, Decided, Verb};
use crate::business::articles::error::ArticleError;
use crate::business::articles::list::{ArticleList, Detail, Listing, Pages, Part, Selection};
use crate::business::articles::new::ArticleDraft;
use crate::business::articles::previews::PreviewStore;
use crate::business::articles::revisions::RevisionStore;
use crate::business::articles::series::{SeriesPlace, SeriesStore};
use crate::business::articles::slug::Slug;
use crate::business::articles::store::{ArticleStore, ChangeError, Found, NewArticle, NewState};
use crate::business::articles::tags::TagStore;
use crate::business::idempotency::{Idempotency, not_recorded};
use crate::business::{
    Clock, Fault, IdempotencyKey, IdempotencyStore, InvalidAccessToken, Limit, Limits, NamedRequest, Renderer, Session,
    Subject, Timestamp,
};
use crate::markdown::Rendered;

/// How often a change is decided again, as the article is another by now.
const ATTEMPTS: u32 = 64;

/// How long a preview waits for those before it: an editor asks again.
const PREVIEW_WAIT: Duration = Duration::from_secs(3);

/// The article rules.
pub struct Articles {
    store: Arc<dyn ArticleStore>,
    revisions: Arc<dyn RevisionStore>,
    tags: Arc<dyn TagStore>,
    series: Arc<dyn SeriesStore>,
    previews: Arc<dyn PreviewStore>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    idempotency: Idempotency,
    renderer: Renderer,
    /// One comparison at a time, and one preview: the others of the cores are for readers, and for who saves.
    comparing: Arc<Semaphore>,
    previewing: Arc<Semaphore>,
    site_base_url: Arc<str>,
}

/// An article as its author has made it.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The article, with its author.
    pub article: ArticleWithAuthor,
    /// What of its body was left out, a sentence each.
    pub warnings: Vec<String>,
    /// Whether readers see a difference, or will.
    pub is_seen: bool,
}

/// What Markdown is rendered to.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The HTML.
    pub html: String,
    /// The headings as nested HTML lists.
    pub table_of_contents: String,
    /// What was left out, a sentence each.
    pub warnings: Vec<String>,
}

/// An article as somebody is shown it.
#[derive(Clone, Debug)]
pub struct ArticlePage {
    /// The article, with its neighbours.
    pub article: ArticleWithAuthor,
    /// Where it stands in its series.
    pub series: Option<SeriesPlace>,
    /// When it gets another neighbour by itself.
    pub changes_at: Option<Timestamp>,
}

impl ArticlePage {
    /// What is still to come is no neighbour yet.
    fn at(now: Timestamp, mut article: ArticleWithAuthor) -> Self {
        let AdjacentArticles { next, prev } = &mut article.adjacent;
        let [next, _] = [next, prev].map(|side| side.take_if(|adjacent| adjacent.published_at > now));
        let Head { id, .. } = article.article.head;
        let is_unlisted = article.article.head.status(now) == Status::Unlisted;
        let series = article.series.take().filter(|_| !is_unlisted);
        let upcoming = series.as_ref().and_then(|series| series.changes_at(now));
        Self {
            article,
            series: series.and_then(|series| series.place_of(id, now)),
            changes_at: next.map(|next| next.published_at).into_iter().chain(upcoming).min(),
        }
    }
}

impl Articles {
    /// The rules over `store`. `site_base_url` is where readers find the
    /// articles, without a slash at the end.
    #[must_use]
    pub fn new<S: ArticleStore + IdempotencyStore + PreviewStore + RevisionStore + SeriesStore + TagStore + 'static>(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
        renderer: Renderer,
        site_base_url: &str,
    ) -> Self {
        let idempotency = Idempotency::new(store.clone(), clock.clone());
        Self {
            store: store.clone(),
            revisions: store.clone(),
            tags: store.clone(),
            series: store.clone(),
            previews: store,
            clock,
            limits,
            idempotency,
            renderer,
            comparing: Arc::new(Semaphore::new(1)),
            previewing: Arc::new(Semaphore::new(1)),
            site_base_url: site_base_url.into(),
        }
    }

    /// What an article [is](Head::status) is a question of time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Renders and stores an article; once, however often a request of the same name asks
    /// for it.
    ///
    /// # Errors
    /// [`ArticleError::TooLarge`] when it does not fit into the store,
    /// [`ArticleError::TooComplex`] when it is not within reason,
    /// [`ArticleError::EmptyDraft`] and [`ArticleError::Text`] when there is too little of it,
    /// [`ArticleError::Limited`] after too many in a day,
    /// [`ArticleError::Idempotency`] when the name is taken.
    pub async fn create(
        &self,
        author: &Session,
        draft: ArticleDraft,
        key: Option<IdempotencyKey>,
    ) -> Result<Saved, ArticleError> {
        let whom = author.user_id.to_string();
        let request = self.idempotency.request(key.as_ref(), "publish", &whom, || draft.fingerprint());
        if let Some(article) = self.created_before(request.as_ref()).await? {
            let (_, warnings) = self.render(draft.body).await?;
            return Ok(Saved { article, warnings, is_seen: false });
        }
        draft.require_words()?;
        let state = draft.state(self.clock.now())?;
        self.limits.take(Limit::ArticleQuota, Subject::User(author.user_id)).await?;
        let ArticleDraft { title, body, meta_description, featured_image, tags, series, .. } = draft;
        let (text, warnings) = self.render(body).await?;
        let title = title.map(|title| title.to_string()).unwrap_or_default();
        let (slug, slug_stays) = (Slug::from_title(&title), state != NewState::Draft);
        let wanted = slug.clone();
        let article =
            NewArticle { state, title, slug, slug_stays, meta_description, featured_image, tags, series, text };
        let article = match self.store.create_article(article, author, request.as_ref(), &*self.clock).await {
            Ok(article) => article,
            Err(ChangeError::Done) => self.created_before(request.as_ref()).await?.ok_or_else(not_recorded)?,
            Err(error) => return Err(ArticleError::of(error, &wanted)),
        };
        let is_seen = article.article.head.is_public();
        Ok(Saved { article, warnings, is_seen })
    }

    /// What a request has made before.
    async fn created_before(&self, request: Option<&NamedRequest>) -> Result<Option<ArticleWithAuthor>, ArticleError> {
        let Some(id) = self.idempotency.outcome(request).await? else { return Ok(None) };
        let article = self.store.article_of_id(id.parse().map_err(Fault::failed)?).await?;
        // It was deleted since, for good.
        article.map(Some).ok_or(ArticleError::NotFound)
    }

    /// Renders Markdown as an article is.
    ///
    /// # Errors
    /// [`ArticleError::TooComplex`] when it is not within reason.
    pub async fn render_preview(&self, body: String) -> Result<Preview, ArticleError> {
        let _turn = timeout(PREVIEW_WAIT, self.previewing.acquire()).await.map_err(Fault::busy)?;
        let (_, Rendered { html, table_of_contents, warnings, .. }) = self.renderer.render(body).await??;
        Ok(Preview { html, table_of_contents, warnings })
    }

    async fn render(&self, body: String) -> Result<(SavedText, Vec<String>), ArticleError> {
        let (body, rendered) = self.renderer.render(body).await??;
        let Rendered { html, table_of_contents, warnings, summary, renderer } = rendered;
        let text = Text { body, html, table_of_contents, renderer };
        Ok((SavedText { text, summary: summary.into() }, warnings))
    }

    /// Changes some of an article.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn patch(
        &self,
        author: &Session,
        slug: &Slug,
        patch: ArticlePatch,
        versions: &Versions,
    ) -> Result<Saved, ArticleError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        let before = self.own(author, slug, versions).await?;
        let (text, warnings) = match &patch.body {
            // What is refused anyway is not worth rendering.
            Some(body) => {
                patch.decide(&before, self.clock.now())?;
                let (text, warnings) = self.render(body.clone()).await?;
                (Some(text), warnings)
            }
            None => (None, Vec::new()),
        };
        let means = (author, slug, versions);
        let saved = self.change(before, means, text, |before, now| patch.decide(before, now)).await?;
        Ok(Saved { warnings, ..saved })
    }

    /// Publishes, unpublishes, deletes or restores an article.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn apply(
        &self,
        author: &Session,
        slug: &Slug,
        verb: Verb,
        versions: &Versions,
    ) -> Result<Saved, ArticleError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        let before = self.own(author, slug, versions).await?;
        self.change(before, (author, slug, versions), None, |before, now| verb.decide(before, now)).await
    }

    /// Changes what an author means from what it is, until nobody else has changed it meanwhile.
    async fn change(
        &self,
        mut before: Head,
        (author, slug, versions): (&Session, &Slug, &Versions),
        text: Option<SavedText>,
        decide: impl Fn(&Head, Timestamp) -> Result<Decided, ArticleError> + Send,
    ) -> Result<Saved, ArticleError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (asked_for, at) = (before.slug.clone(), decide(&before, now)?);
            let Some(change) = at.change(before, text.clone(), now) else {
                match self.store.article(&asked_for).await? {
                    Some(Found::Article(article)) => {
                        return Ok(Saved { article, warnings: Vec::new(), is_seen: false });
                    }
                    Some(Found::Moved(_)) | None => {
                        before = self.own(author, slug, versions).await?;
                        continue;
                    }
                }
            };
            let wanted = change.after.slug.clone();
            let is_seen = change.before.is_public() || change.after.is_public();
            match self.store.change_article(change, now).await {
                Ok(article) => return Ok(Saved { article, warnings: Vec::new(), is_seen }),
                Err(ChangeError::Changed) => before = self.own(author, slug, versions).await?,
                Err(error) => return Err(ArticleError::of(error, &wanted)),
            }
        }
        Err(Fault::busy("an article changes all the time").into())
    }

    /// An article of an author, in one of the versions that they mean.
    async fn own(&self, author: &Session, slug: &Slug, versions: &Versions) -> Result<Head, ArticleError> {
        let now = self.clock.now();
        let head = self.head(slug).await?.filter(|head| !head.is_gone(now)).ok_or(ArticleError::NotFound)?;
        match versions {
            _ if !head.is_by(author) => {
                Err(if head.is_visible(now) { ArticleError::NotAuthor } else { ArticleError::NotFound })
            }
            Some(versions) if !versions.contains(&head.version()) => Err(ArticleError::OtherVersion(Box::new(head))),
            _ => Ok(head),
        }
    }

    /// What an article is that has a slug, or had it once.
    async fn head(&self, slug: &Slug) -> Result<Option<Head>, Fault> {
        for spelling in slug.spellings() {
            match self.store.head(&spelling).await? {
                Some(Found::Article(head)) => return Ok(Some(head)),
                Some(Found::Moved(head)) => return Ok(Some(*head)),
                None => {}
            }
        }
        Ok(None)
    }

    /// The article of a slug, with its author and neighbours, as somebody may see it.
    ///
    /// # Errors
    /// [`ArticleError::NotFound`]; [`ArticleError::Moved`] when it had the slug once.
    pub async fn read(&self, slug: &Slug, reader: Option<&Session>) -> Result<ArticlePage, ArticleError> {
        let now = self.clock.now();
        let may_see = |head: &Head| {
            !head.is_gone(now) && (head.is_visible(now) || reader.is_some_and(|reader| head.is_by(reader)))
        };
        for spelling in slug.spellings() {
            match self.store.article(&spelling).await? {
                Some(Found::Article(found)) if may_see(&found.article.head) => return Ok(ArticlePage::at(now, found)),
                Some(Found::Moved(head)) if may_see(&head) => return Err(ArticleError::Moved(head.slug)),
                Some(_) => return Err(ArticleError::NotFound),
                None => {}
            }
        }
        Err(ArticleError::NotFound)
    }

    /// A page of what readers see of a list, or of a year of that; none for an unknown author.
    ///
    /// # Errors
    /// [`ArticleError::PageTooLarge`] when they are too long to be answered together.
    pub async fn list(
        &self,
        list: &ArticleList,
        year: Option<u16>,
        (pages, detail): (Pages, Detail),
    ) -> Result<Option<Listing>, ArticleError> {
        let now = self.clock.now();
        let part = Part::visible(now);
        let part = year.map_or(part, |year| part.within_year(year));
        Ok(self.store.list(list, Selection { part, pages, detail }, now).await?)
    }

    /// A page of the articles of an author that are something.
    ///
    /// # Errors
    /// [`ArticleError::PageTooLarge`] when they are too long to be answered together.
    pub async fn own_list(
        &self,
        author: &Session,
        status: Status,
        (pages, detail): (Pages, Detail),
    ) -> Result<Listing, ArticleError> {
        let now = self.clock.now();
        let list = ArticleList::of(author.username.clone(), status);
        let listing = self.store.list(&list, Selection { part: Part::of(status, now), pages, detail }, now).await?;
        let listing = listing.filter(|listing| listing.author.as_ref().is_some_and(|user| user.id == author.user_id));
        Ok(listing.ok_or(InvalidAccessToken::UnknownUser)?)
    }

    /// Where readers find an article.
    #[must_use]
    pub fn url(&self, slug: &Slug) -> String {
        format!("{}/articles/{slug}", self.site_base_url)
    }
}
