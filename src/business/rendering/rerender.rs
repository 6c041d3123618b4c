//! Rendering again what an older renderer has rendered.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::renderer::Renderer;
use crate::business::{Fault, Slug, Summary, Username};
use crate::markdown::{self, Rendered};

/// How often a text is rendered again that was changed meanwhile.
const ATTEMPTS: u32 = 5;

/// Which text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextAddress {
    /// The body of an article.
    Article {
        /// Its number.
        id: u64,
        /// Its name in URLs.
        slug: Slug,
    },
    /// The body of a project.
    Project {
        /// Whose it is.
        author: Username,
        /// Its number.
        id: u64,
    },
}

impl fmt::Display for TextAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Article { slug, .. } => write!(f, "article {slug}"),
            Self::Project { author, id } => write!(f, "project {id} of {author}"),
        }
    }
}

/// Which texts there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedTexts {
    /// Those that are known.
    pub texts: Vec<TextAddress>,
    /// How many cannot be read.
    pub unreadable: u64,
}

/// A text as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// The Markdown.
    pub body: String,
    /// What it was rendered to. A project has no table of contents.
    pub html: String,
    /// Likewise.
    pub table_of_contents: String,
    /// What there is to say of it; nothing of a project.
    pub summary: Summary,
    /// The [version](markdown::VERSION) of the renderer that did it.
    pub renderer: u32,
}

/// What became of a text that was to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It was.
    Done,
    /// It is another by now, or gone, and stayed what it is.
    Changed,
    /// The new one does not fit into the store.
    TooLarge,
}

/// What rendering again needs from storage.
#[async_trait]
pub trait RenderedTexts: Send + Sync {
    /// All texts that are listed, by author.
    ///
    /// # Errors
    /// [`Fault`].
    async fn texts(&self) -> Result<ListedTexts, Fault>;

    /// A text, if it is there.
    ///
    /// # Errors
    /// [`Fault`], also when it is damaged.
    async fn text(&self, address: &TextAddress) -> Result<Option<RenderedText>, Fault>;

    /// Stores what a text is rendered to now, in all places that say so or in none, if it still is
    /// what it was `before`. The body stays.
    ///
    /// # Errors
    /// [`Fault`].
    async fn replace(
        &self,
        address: &TextAddress,
        before: &RenderedText,
        after: &RenderedText,
    ) -> Result<Replaced, Fault>;
}

/// What became of a text that was to be rendered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rerendered {
    /// It was rendered by this renderer, or a later one.
    Current,
    /// It is rendered to what it was.
    Same,
    /// It is rendered to something else than before.
    Changed {
        /// What it was.
        before: Box<RenderedText>,
        /// What it is now.
        after: Box<RenderedText>,
    },
    /// It is gone.
    Gone,
    /// It stays as it was: this renderer takes it for too complex, or it does not fit into the store.
    Refused,
}

/// Renders texts again.
pub struct Rerender {
    texts: Arc<dyn RenderedTexts>,
    renderer: Renderer,
}

impl Rerender {
    /// Over the texts of a store.
    #[must_use]
    pub fn new(texts: Arc<dyn RenderedTexts>, renderer: Renderer) -> Self {
        Self { texts, renderer }
    }

    /// All texts that there are.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn texts(&self) -> Result<ListedTexts, Fault> {
        self.texts.texts().await
    }

    /// Renders a text again if an older renderer did it, and stores the result unless this is a
    /// `dry_run`. Can be broken off anywhere: what is stored is of this renderer, and will not be
    /// rendered again.
    ///
    /// # Errors
    /// [`Fault`], also when the text is damaged.
    pub async fn rerender(&self, address: &TextAddress, dry_run: bool) -> Result<Rerendered, Fault> {
        for _ in 0..ATTEMPTS {
            let Some(before) = self.texts.text(address).await? else { return Ok(Rerendered::Gone) };
            if before.renderer >= markdown::VERSION {
                return Ok(Rerendered::Current);
            }
            let Ok((body, rendered)) = self.renderer.render(before.body.clone()).await? else {
                return Ok(Rerendered::Refused);
            };
            let is_project = matches!(address, TextAddress::Project { .. });
            let Rendered { html, renderer, .. } = rendered;
            let (table_of_contents, summary) = if is_project {
                (String::new(), Summary::default())
            } else {
                (rendered.table_of_contents, rendered.summary.into())
            };
            let after = RenderedText { body, html, table_of_contents, summary, renderer };
            let same = after.html == before.html && after.table_of_contents == before.table_of_contents;
            if !dry_run {
                match self.texts.replace(address, &before, &after).await? {
                    Replaced::Done => {}
                    Replaced::Changed => continue,
                    Replaced::TooLarge => return Ok(Rerendered::Refused),
                }
            }
            return Ok(if same {
                Rerendered::Same
            } else {
                Rerendered::Changed { before: before.into(), after: after.into() }
            });
        }
        Err(Fault::busy(format!("{address} changes all the time")))
    }
}
