//! Articles: publishing and reading them.

mod slug;

use std::sync::Arc;

use async_trait::async_trait;

use super::idempotency::{Fingerprint, Idempotency, not_recorded};
use super::{
    Clock, Fault, FeaturedImage, IdempotencyError, IdempotencyKey, IdempotencyStore, InvalidAccessToken, Limit,
    LimitError, Limits, ListError, MetaDescription, NamedRequest, Page, PageRequest, Renderer, Session, Subject,
    Timestamp, Title, User, Username,
};
use crate::markdown::{Rendered, TooComplex};

pub use slug::Slug;

/// A published article.
#[derive(Clone, Debug)]
pub struct Article {
    /// Its place among all articles of the site, counted from 1 in the order of
    /// publication.
    pub id: u64,
    /// When it was published.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The title.
    pub title: String,
    /// Its name in URLs.
    pub slug: Slug,
    /// The Markdown that its author wrote.
    pub body: String,
    /// The body as HTML that is safe in a reader's browser.
    pub html: String,
    /// The sentence that search engines show.
    pub meta_description: String,
    /// The headings of the body as nested HTML lists.
    pub table_of_contents: String,
    /// The picture that stands for the article.
    pub featured_image: Option<String>,
}

/// What a neighbouring article is linked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjacent {
    /// Its title.
    pub title: String,
    /// Its name in URLs.
    pub slug: Slug,
}

/// The articles published just before and just after, over all authors.
#[derive(Clone, Debug, Default)]
pub struct AdjacentArticles {
    /// The one after; none for the newest.
    pub next: Option<Adjacent>,
    /// The one before; none for the oldest.
    pub prev: Option<Adjacent>,
}

/// An article with everything its page shows.
#[derive(Clone, Debug)]
pub struct PublishedArticle {
    /// The article.
    pub article: Article,
    /// Who wrote it.
    pub author: User,
    /// What stands beside it.
    pub adjacent: AdjacentArticles,
}

/// What an author sends to publish an article.
pub struct ArticleDraft {
    /// The title.
    pub title: Title,
    /// The Markdown.
    pub body: String,
    /// The sentence for search engines.
    pub meta_description: MetaDescription,
    /// The picture that stands for it.
    pub featured_image: Option<FeaturedImage>,
}

impl ArticleDraft {
    fn fingerprint(&self) -> Fingerprint {
        let Self { title, body, meta_description, featured_image } = self;
        let parts = [title.as_str(), body, meta_description.as_str()];
        Fingerprint::of(parts.into_iter().chain(featured_image.as_ref().map(FeaturedImage::as_str)))
    }
}

/// An article that does not have a number and a slug of its own yet.
pub struct NewArticle {
    /// When it is published.
    pub created_at: Timestamp,
    /// The title.
    pub title: Title,
    /// The slug that its title asks for.
    pub slug: Slug,
    /// The Markdown.
    pub body: String,
    /// The sentence for search engines.
    pub meta_description: String,
    /// The picture that stands for it.
    pub featured_image: Option<String>,
    /// What the body was rendered to.
    pub rendered: Rendered,
}

/// Why an article could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The author is not in the store.
    #[error("unknown author")]
    UnknownAuthor,
    /// The article does not fit into the store, even compressed.
    #[error("article too large")]
    TooLarge,
    /// The request was done before.
    #[error("done before")]
    Done,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the article rules need from storage. Absence is no error.
#[async_trait]
pub trait ArticleStore: Send + Sync {
    /// Publishes an article as the newest of the site and of its author: gives
    /// it the next number and the first free slug of `slug`, `slug-2`, `slug-3`
    /// and so on, and makes it the neighbour of the one before, all or nothing.
    /// Concurrent calls leave no gap and no double. Its slug is recorded as the outcome of
    /// `request`.
    async fn publish(
        &self,
        article: NewArticle,
        author: &Session,
        request: Option<&NamedRequest>,
    ) -> Result<PublishedArticle, PublishError>;

    /// The article of a slug.
    async fn article(&self, slug: &Slug) -> Result<Option<PublishedArticle>, Fault>;

    /// A page of the articles of a user, newest first; none for an unknown user
    /// and past the end.
    ///
    /// # Errors
    /// [`ListError::TooLarge`] when the page is more than fits into memory.
    async fn articles_of(
        &self,
        username: &Username,
        page: PageRequest,
    ) -> Result<Option<(Page<Article>, User)>, ListError>;
}

/// Why an article operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ArticleError {
    /// No article has the slug.
    #[error("Article not found")]
    NotFound,
    /// The article does not fit into the store.
    #[error("Article too large")]
    TooLarge,
    /// The body has more elements, or nests them deeper, than an article can need.
    #[error("The body has too many or too deeply nested elements")]
    TooComplex(#[from] TooComplex),
    /// The articles on a page are too long to be answered together.
    #[error("Page too large, ask for a smaller limit")]
    PageTooLarge,
    /// The author of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Too many articles and projects in a day.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// The name of the request is that of another.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Storage or rendering failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The article rules.
pub struct Articles {
    store: Arc<dyn ArticleStore>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    idempotency: Idempotency,
    renderer: Renderer,
    site_base_url: Arc<str>,
}

/// An article as it was published.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The article, with its author.
    pub published: PublishedArticle,
    /// What of its body was left out, a sentence each.
    pub warnings: Vec<String>,
}

impl Articles {
    /// The rules over `store`. `site_base_url` is where readers find the
    /// articles, without a slash at the end.
    #[must_use]
    pub fn new<S: ArticleStore + IdempotencyStore + 'static>(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
        renderer: Renderer,
        site_base_url: &str,
    ) -> Self {
        let idempotency = Idempotency::new(store.clone(), clock.clone());
        Self { store, clock, limits, idempotency, renderer, site_base_url: site_base_url.into() }
    }

    /// Renders and publishes an article; once, however often a request of the same name asks
    /// for it.
    ///
    /// # Errors
    /// [`ArticleError::TooLarge`] when it does not fit into the store,
    /// [`ArticleError::TooComplex`] when it is not within reason,
    /// [`ArticleError::Limited`] after too many in a day,
    /// [`ArticleError::Idempotency`] when the name is taken.
    pub async fn publish(
        &self,
        author: &Session,
        draft: ArticleDraft,
        key: Option<IdempotencyKey>,
    ) -> Result<Publication, ArticleError> {
        let whom = author.user_id.to_string();
        let request = self.idempotency.request(key.as_ref(), "publish", &whom, || draft.fingerprint());
        if let Some(published) = self.published_before(request.as_ref()).await? {
            let (_, Rendered { warnings, .. }) = self.renderer.render(draft.body).await??;
            return Ok(Publication { published, warnings });
        }
        self.limits.take(Limit::ArticleQuota, Subject::User(author.user_id)).await?;
        let ArticleDraft { title, body, meta_description, featured_image } = draft;
        let (body, rendered) = self.renderer.render(body).await??;
        let slug = Slug::from_title(title.as_str());
        let created_at = self.clock.now();
        let warnings = rendered.warnings.clone();
        let (meta_description, featured_image) = (meta_description.into(), featured_image.map(Into::into));
        let article = NewArticle { created_at, title, slug, body, meta_description, featured_image, rendered };
        let published = match self.store.publish(article, author, request.as_ref()).await {
            Ok(published) => published,
            Err(PublishError::Done) => self.published_before(request.as_ref()).await?.ok_or_else(not_recorded)?,
            Err(PublishError::UnknownAuthor) => return Err(InvalidAccessToken::UnknownUser.into()),
            Err(PublishError::TooLarge) => return Err(ArticleError::TooLarge),
            Err(PublishError::Fault(fault)) => return Err(fault.into()),
        };
        Ok(Publication { published, warnings })
    }

    /// What a request has published before, as it was then: the newest article.
    async fn published_before(&self, request: Option<&NamedRequest>) -> Result<Option<PublishedArticle>, ArticleError> {
        let Some(slug) = self.idempotency.outcome(request).await? else { return Ok(None) };
        let slug = slug.parse().map_err(Fault::failed)?;
        let mut published = self.store.article(&slug).await?;
        if let Some(published) = &mut published {
            published.adjacent.next = None;
        }
        Ok(published)
    }

    /// The article of a slug, with its author and neighbours.
    ///
    /// # Errors
    /// [`ArticleError::NotFound`].
    pub async fn read(&self, slug: &Slug) -> Result<PublishedArticle, ArticleError> {
        for spelling in slug.spellings() {
            if let Some(published) = self.store.article(&spelling).await? {
                return Ok(published);
            }
        }
        Err(ArticleError::NotFound)
    }

    /// A page of the articles of a user, newest first; none for an unknown user
    /// and past the end.
    ///
    /// # Errors
    /// [`ArticleError::PageTooLarge`] when they are too long to be answered together.
    pub async fn list(
        &self,
        username: &Username,
        page: PageRequest,
    ) -> Result<Option<(Page<Article>, User)>, ArticleError> {
        self.store.articles_of(username, page).await.map_err(|error| match error {
            ListError::TooLarge => ArticleError::PageTooLarge,
            ListError::Fault(fault) => fault.into(),
        })
    }

    /// Where readers find an article.
    #[must_use]
    pub fn url(&self, slug: &Slug) -> String {
        format!("{}/articles/{slug}", self.site_base_url)
    }
}
