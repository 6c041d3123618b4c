//! What readers will see, for who may see it before them.

use super::{ArticlePage, Articles};
use crate::business::articles::article::{Adjacent, AdjacentArticles, Head};
use crate::business::articles::error::ArticleError;
use crate::business::articles::list::{ArticleList, Detail, Pages, Part, Selection};
use crate::business::articles::previews::{PreviewLink, PreviewToken};
use crate::business::articles::slug::Slug;
use crate::business::articles::store::Found;
use crate::business::idempotency::Fingerprint;
use crate::business::{Fault, IdempotencyKey, Limit, PageRequest, Session, Subject, Timestamp};

/// The seconds of a day.
const DAY: u32 = 24 * 60 * 60;

impl Articles {
    /// An article as readers will see it, for its author.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn preview(&self, author: &Session, slug: &Slug) -> Result<ArticlePage, ArticleError> {
        let head = self.own(author, slug, &None).await?;
        self.preview_of(&head).await?.ok_or(ArticleError::NotFound)
    }

    /// An article as whoever has a link sees it; none, if the link is none, or not any more.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn linked_preview(&self, token: &PreviewToken) -> Result<Option<ArticlePage>, ArticleError> {
        let now = self.clock.now();
        if self.previews.preview_link(token.article(), &token.id(), now).await?.is_none() {
            return Ok(None);
        }
        match self.store.head_of_id(token.article()).await? {
            Some(head) if head.deleted_at.is_none() => self.preview_of(&head).await,
            Some(_) | None => Ok(None),
        }
    }

    async fn preview_of(&self, head: &Head) -> Result<Option<ArticlePage>, ArticleError> {
        let now = self.clock.now();
        let Some(Found::Article(mut found)) = self.store.article(&head.slug).await? else { return Ok(None) };
        if !found.article.head.is_visible(now) {
            // What is still to come is nobody's to know, whoever it is by.
            found.adjacent = AdjacentArticles { next: None, prev: self.newest(now).await? };
        }
        Ok(Some(ArticlePage::at(now, found)))
    }

    /// What the next article comes after.
    async fn newest(&self, now: Timestamp) -> Result<Option<Adjacent>, ArticleError> {
        let first = Selection {
            part: Part::visible(now),
            pages: Pages::Number(PageRequest::new(1, 1)),
            detail: Detail { texts: false, authors: false },
        };
        let listing = self.store.list(&ArticleList::Site, first, now).await?;
        let newest = listing.and_then(|listing| listing.page.items.into_iter().next()).map(|article| article.head);
        Ok(newest.map(|head| Adjacent {
            published_at: head.published_at().unwrap_or(now),
            title: head.title,
            slug: head.slug,
        }))
    }

    /// Makes a link that shows an article to whoever has it, for so many days, and says where it leads.
    ///
    /// # Errors
    /// [`ArticleError::InvalidDays`], [`ArticleError::ManyLinks`].
    pub async fn create_preview_link(
        &self,
        author: &Session,
        slug: &Slug,
        days: u64,
        key: Option<IdempotencyKey>,
    ) -> Result<(PreviewLink, String), ArticleError> {
        let days = u32::try_from(days).ok().filter(|days| (1..=PreviewLink::MAX_DAYS).contains(days));
        let days = days.ok_or(ArticleError::InvalidDays)?;
        let (whom, fingerprint) = (author.user_id.to_string(), || Fingerprint::of([slug.as_str(), &days.to_string()]));
        let request = self.idempotency.request(key.as_ref(), "preview_link", &whom, fingerprint);
        if let Some(token) = self.idempotency.outcome(request.as_ref()).await? {
            return self.link_of(author, slug, &token).await;
        }
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        let head = self.own(author, slug, &None).await?;
        if head.deleted_at.is_some() {
            return Err(ArticleError::Deleted);
        }
        let now = self.clock.now();
        if self.previews.preview_links(head.id, now).await?.len() >= PreviewLink::MOST {
            return Err(ArticleError::ManyLinks);
        }
        let token = PreviewToken::new(head.id);
        let expires_at = Timestamp::from_unix_seconds(now.plus_seconds(days * DAY).unix_seconds());
        let link = PreviewLink { id: token.id(), created_at: now, expires_at };
        self.previews.add_preview_link(head.id, &link).await?;
        // Others may have made some at once.
        let first = self.previews.preview_links(head.id, now).await?.into_iter().take(PreviewLink::MOST);
        if !first.map(|link| link.id).any(|id| id == link.id) {
            self.previews.remove_preview_link(head.id, &link.id).await?;
            return Err(ArticleError::ManyLinks);
        }
        if let Some(request) = &request {
            let first = self.idempotency.record(request, token.to_string()).await?;
            if first != token.to_string() {
                self.previews.remove_preview_link(head.id, &link.id).await?;
                return self.link_of(author, slug, &first).await;
            }
        }
        Ok((link, format!("{}?preview={token}", self.url(&head.slug))))
    }

    /// The link of a token that was made before.
    async fn link_of(&self, author: &Session, slug: &Slug, token: &str) -> Result<(PreviewLink, String), ArticleError> {
        let token: PreviewToken = token.parse().map_err(Fault::failed)?;
        let head = self.own(author, slug, &None).await?;
        let link = self.previews.preview_link(head.id, &token.id(), self.clock.now()).await?;
        Ok((link.ok_or(ArticleError::NoLink)?, format!("{}?preview={token}", self.url(&head.slug))))
    }

    /// The links of an article that have not ended.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn preview_links(&self, author: &Session, slug: &Slug) -> Result<Vec<PreviewLink>, ArticleError> {
        let head = self.own(author, slug, &None).await?;
        Ok(self.previews.preview_links(head.id, self.clock.now()).await?)
    }

    /// Ends a link.
    ///
    /// # Errors
    /// [`ArticleError::NoLink`].
    pub async fn revoke_preview_link(&self, author: &Session, slug: &Slug, id: &str) -> Result<(), ArticleError> {
        let head = self.own(author, slug, &None).await?;
        let links = self.previews.preview_links(head.id, self.clock.now()).await?;
        let link = links.into_iter().find(|link| link.id == id).ok_or(ArticleError::NoLink)?;
        Ok(self.previews.remove_preview_link(head.id, &link.id).await?)
    }
}
