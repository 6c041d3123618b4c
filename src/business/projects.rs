//! Projects: what an author has made, shown beside their articles.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Clock, Fault, InvalidAccessToken, Limit, LimitError, Limits, ListError, Page, PageRequest, Renderer, Session,
    Subject, Timestamp, Title, Username,
};
use crate::markdown::TooComplex;

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Given when it is made, never reused. Later projects have higher ones.
    pub id: u64,
    /// Whose it is.
    pub user_id: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The title.
    pub title: String,
    /// The Markdown that its author wrote.
    pub body: String,
    /// The body as HTML that is safe in a reader's browser.
    pub html: String,
}

/// A project that does not have a number yet.
pub struct NewProject {
    /// When it is made.
    pub created_at: Timestamp,
    /// The title.
    pub title: Title,
    /// The Markdown.
    pub body: String,
    /// What the body was rendered to.
    pub html: String,
}

/// Why a project could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The author is not in the store.
    #[error("unknown author")]
    UnknownAuthor,
    /// The project does not fit into the store, even compressed.
    #[error("project too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the project rules need from storage. Absence is no error.
#[async_trait]
pub trait ProjectStore: Send + Sync {
    /// Stores a project under a new number.
    async fn create(&self, project: NewProject, author: &Session) -> Result<Project, CreateError>;

    /// A page of the projects of a user, newest first, without any past the end; none for
    /// an unknown user.
    ///
    /// # Errors
    /// [`ListError::TooLarge`] when the page is more than fits into memory.
    async fn projects_of(&self, username: &Username, page: PageRequest) -> Result<Option<Page<Project>>, ListError>;
}

/// Why a project operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No user has the name.
    #[error("User '{0}' does not exist")]
    UnknownUser(String),
    /// The project does not fit into the store.
    #[error("Project too large")]
    TooLarge,
    /// The body has more elements, or nests them deeper, than a project can need.
    #[error("The body has too many or too deeply nested elements")]
    TooComplex(#[from] TooComplex),
    /// The projects on a page are too long to be answered together.
    #[error("Page too large, ask for a smaller limit")]
    PageTooLarge,
    /// The author of a valid token is not in the store.
    #[error(transparent)]
    Token(#[from] InvalidAccessToken),
    /// Too many articles and projects in a day.
    #[error(transparent)]
    Limited(#[from] LimitError),
    /// Storage or rendering failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The project rules.
pub struct Projects {
    store: Arc<dyn ProjectStore>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    renderer: Renderer,
}

impl Projects {
    /// The rules over `store`.
    #[must_use]
    pub fn new(store: Arc<dyn ProjectStore>, clock: Arc<dyn Clock>, limits: Arc<Limits>, renderer: Renderer) -> Self {
        Self { store, clock, limits, renderer }
    }

    /// Renders and stores a project.
    ///
    /// # Errors
    /// [`ProjectError::TooLarge`] when it does not fit into the store,
    /// [`ProjectError::TooComplex`] when it is not within reason,
    /// [`ProjectError::Limited`] after too many in a day.
    pub async fn create(&self, author: &Session, title: Title, body: String) -> Result<Project, ProjectError> {
        self.limits.take(Limit::ArticleQuota, Subject::User(author.user_id)).await?;
        let (body, rendered) = self.renderer.render(body).await??;
        let project = NewProject { created_at: self.clock.now(), title, body, html: rendered.html };
        self.store.create(project, author).await.map_err(|error| match error {
            CreateError::UnknownAuthor => InvalidAccessToken::UnknownUser.into(),
            CreateError::TooLarge => ProjectError::TooLarge,
            CreateError::Fault(fault) => fault.into(),
        })
    }

    /// A page of the projects of a user, newest first, without any past the end.
    ///
    /// # Errors
    /// [`ProjectError::UnknownUser`]; [`ProjectError::PageTooLarge`] when they are too long
    /// to be answered together.
    pub async fn list(&self, username: &Username, page: PageRequest) -> Result<Page<Project>, ProjectError> {
        match self.store.projects_of(username, page).await {
            Ok(Some(page)) => Ok(page),
            Ok(None) => Err(ProjectError::UnknownUser(username.to_string())),
            Err(ListError::TooLarge) => Err(ProjectError::PageTooLarge),
            Err(ListError::Fault(fault)) => Err(fault.into()),
        }
    }
}
