//! The series of the site.

use super::Articles;
use crate::business::articles::error::ArticleError;
use crate::business::articles::series::{Series, SeriesPart, SeriesTitle};
use crate::business::articles::slug::Slug;
use crate::business::{Fault, Limit, Session, Subject, Timestamp};

/// How often a change of a series is decided again, as it is another by now.
const ATTEMPTS: u32 = 64;

/// What of a series is to be something else.
#[derive(Clone, Debug, Default)]
pub struct SeriesPatch {
    /// What it is called.
    pub title: Option<SeriesTitle>,
    /// The articles that come first, in this order; the others follow as they did.
    pub articles: Option<Vec<Slug>>,
}

/// The series of the site.
#[derive(Clone, Debug)]
pub struct AllSeries {
    /// Those that may be seen.
    pub series: Vec<Series>,
    /// When that changes by itself.
    pub changes_at: Option<Timestamp>,
    /// The last of them, if there are more than are listed at once.
    pub next: Option<Slug>,
}

impl SeriesPatch {
    fn decide(&self, before: &Series) -> Result<Series, ArticleError> {
        let mut after = before.clone();
        if let Some(title) = &self.title {
            after.title = title.clone();
        }
        let mut first: Vec<SeriesPart> = Vec::new();
        for slug in self.articles.iter().flatten() {
            let is_meant = |part: &SeriesPart| part.slug == *slug;
            let at = after.parts.iter().position(is_meant);
            match at {
                Some(at) => first.push(after.parts.remove(at)),
                // Named twice.
                None if first.iter().any(is_meant) => {}
                None => return Err(ArticleError::NotInSeries(slug.to_string())),
            }
        }
        first.append(&mut after.parts);
        after.parts = first;
        Ok(after)
    }
}

impl Articles {
    /// The series that readers are shown articles of, or that are a reader's own, by their names in URLs, from after
    /// one on.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn all_series(&self, reader: Option<&Session>, after: Option<&Slug>) -> Result<AllSeries, Fault> {
        let now = self.clock.now();
        let (mut all, is_more) = self.series.all_series(after).await?;
        let next = all.last().filter(|_| is_more).map(|series| series.slug.clone());
        let changes_at = all.iter().filter_map(|series| series.changes_at(now)).min();
        let is_own = |series: &Series| reader.is_some_and(|reader| series.author.id == reader.user_id);
        all.retain(|series| is_own(series) || series.visible(now).next().is_some());
        Ok(AllSeries { series: all, changes_at, next })
    }

    /// A series that somebody may see: its author, or anybody as soon as an article of it is published.
    ///
    /// # Errors
    /// [`ArticleError::NoSeries`].
    pub async fn series(&self, slug: &Slug, reader: Option<&Session>) -> Result<Series, ArticleError> {
        let now = self.clock.now();
        let series = self.series.series(slug).await?.ok_or(ArticleError::NoSeries)?;
        let is_own = reader.is_some_and(|reader| series.author.id == reader.user_id);
        if is_own || series.visible(now).next().is_some() { Ok(series) } else { Err(ArticleError::NoSeries) }
    }

    /// Gives a series another title or order.
    ///
    /// # Errors
    /// [`ArticleError::NoSeries`], [`ArticleError::NotAuthorOfSeries`], [`ArticleError::NotInSeries`].
    pub async fn change_series(
        &self,
        author: &Session,
        slug: &Slug,
        patch: &SeriesPatch,
    ) -> Result<Series, ArticleError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        for _ in 0..ATTEMPTS {
            let before = self.series(slug, Some(author)).await?;
            if before.author.id != author.user_id {
                return Err(ArticleError::NotAuthorOfSeries);
            }
            let after = patch.decide(&before)?;
            if before == after || self.series.change_series(&before, &after, self.clock.now()).await? {
                return Ok(after);
            }
        }
        Err(Fault::busy("a series changes all the time").into())
    }
}
