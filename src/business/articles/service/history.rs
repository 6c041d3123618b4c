//! What authors do with the revisions of their articles.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{Articles, Saved};
use crate::business::articles::article::{SavedText, Versions};
use crate::business::articles::error::ArticleError;
use crate::business::articles::revisions::{Revision, RevisionDifference, RevisionName, RevisionWithText};
use crate::business::articles::slug::Slug;
use crate::business::{Fault, Limit, Session, Subject, background, memory};
use crate::markdown;

/// How many bytes comparing takes for each of the texts.
const DIFF_MEMORY: usize = 24;

/// How long a comparison waits for those before it.
const WAIT: Duration = Duration::from_secs(10);

impl Articles {
    /// The revisions of an article before one, or all, newest first, so many at most; and whether there
    /// are older ones.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn revisions(
        &self,
        author: &Session,
        slug: &Slug,
        before: Option<u64>,
        limit: u32,
    ) -> Result<(Vec<Revision>, bool), ArticleError> {
        let head = self.own(author, slug, &None).await?;
        let mut revisions = self.revisions.revisions(head.id, before, limit + 1).await?;
        let more = revisions.len() > limit as usize;
        revisions.truncate(limit as usize);
        Ok((revisions, more))
    }

    /// A revision of an article.
    ///
    /// # Errors
    /// [`ArticleError::NoRevision`].
    pub async fn revision(&self, author: &Session, slug: &Slug, number: u64) -> Result<RevisionWithText, ArticleError> {
        let head = self.own(author, slug, &None).await?;
        self.revisions.revision(head.id, number).await?.ok_or(ArticleError::NoRevision)
    }

    /// How two revisions of an article differ.
    ///
    /// # Errors
    /// [`ArticleError::NoRevision`].
    pub async fn difference(
        &self,
        author: &Session,
        slug: &Slug,
        (old, new): (u64, u64),
    ) -> Result<RevisionDifference, ArticleError> {
        let head = self.own(author, slug, &None).await?;
        let old = self.revisions.revision(head.id, old).await?.ok_or(ArticleError::NoRevision)?;
        let new = self.revisions.revision(head.id, new).await?.ok_or(ArticleError::NoRevision)?;
        // About what it takes: words, each with where it is, in both, and what differs.
        let bytes = (old.text.body.len() + new.text.body.len()) * DIFF_MEMORY;
        let permit = timeout(WAIT, Arc::clone(&self.comparing).acquire_owned()).await.map_err(Fault::busy)?;
        let permit = (permit, memory::hold(bytes)?);
        // The work itself holds what it takes: a caller that goes away leaves it running.
        let work = move || {
            let _held = permit;
            RevisionDifference::between(&old, &new)
        };
        Ok(background::run("compare", work).await?)
    }

    /// Names a revision, so that it is kept, or takes its name.
    ///
    /// # Errors
    /// [`ArticleError::NoRevision`].
    pub async fn name_revision(
        &self,
        author: &Session,
        slug: &Slug,
        number: u64,
        name: Option<&RevisionName>,
    ) -> Result<(), ArticleError> {
        let head = self.own(author, slug, &None).await?;
        let named = self.revisions.name_revision(head.id, number, name).await?;
        if named { Ok(()) } else { Err(ArticleError::NoRevision) }
    }

    /// Makes an article again what it was. That is a save, too.
    ///
    /// # Errors
    /// [`ArticleError`].
    pub async fn restore_revision(
        &self,
        author: &Session,
        slug: &Slug,
        number: u64,
        versions: &Versions,
    ) -> Result<Saved, ArticleError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        let before = self.own(author, slug, versions).await?;
        let found = self.revisions.revision(before.id, number).await?.ok_or(ArticleError::NoRevision)?;
        let RevisionWithText { revision, text } = found;
        let summary = markdown::summary(&text.html).into();
        let text = SavedText { text, summary };
        let means = (author, slug, versions);
        self.change(before, means, Some(text.clone()), |before, _| revision.decide(&text.text, before)).await
    }
}
