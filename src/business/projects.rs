//! Projects: what an author has made, shown beside their articles.

use std::sync::Arc;

use async_trait::async_trait;

use super::idempotency::{Fingerprint, Idempotency, not_recorded};
use super::{
    Clock, Fault, IdempotencyError, IdempotencyKey, IdempotencyStore, InvalidAccessToken, Limit, LimitError, Limits,
    ListError, NamedRequest, Page, PageRequest, Renderer, Session, Subject, Timestamp, Title, Username,
};
use crate::markdown::{Rendered, TooComplex};

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
    pub rendered: Rendered,
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
    /// The request was done before.
    #[error("done before")]
    Done,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What the project rules need from storage. Absence is no error.
#[async_trait]
pub trait ProjectStore: Send + Sync {
    /// Stores a project under a new number, which is recorded as the outcome of `request`.
    async fn create(
        &self,
        project: NewProject,
        author: &Session,
        request: Option<&NamedRequest>,
    ) -> Result<Project, CreateError>;

    /// The project of a user that has a number.
    async fn project(&self, author: &Username, id: u64) -> Result<Option<Project>, Fault>;

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
    /// The name of the request is that of another.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// Storage or rendering failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The project rules.
pub struct Projects {
    store: Arc<dyn ProjectStore>,
    clock: Arc<dyn Clock>,
    limits: Arc<Limits>,
    idempotency: Idempotency,
    renderer: Renderer,
}

/// A project as it was made.
#[derive(Clone, Debug)]
pub struct CreatedProject {
    /// The project.
    pub project: Project,
    /// What of its body was left out, a sentence each.
    pub warnings: Vec<String>,
}

impl Projects {
    /// The rules over `store`.
    #[must_use]
    pub fn new<S: ProjectStore + IdempotencyStore + 'static>(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        limits: Arc<Limits>,
        renderer: Renderer,
    ) -> Self {
        let idempotency = Idempotency::new(store.clone(), clock.clone());
        Self { store, clock, limits, idempotency, renderer }
    }

    /// Renders and stores a project; once, however often a request of the same name asks for it.
    ///
    /// # Errors
    /// [`ProjectError::TooLarge`] when it does not fit into the store,
    /// [`ProjectError::TooComplex`] when it is not within reason,
    /// [`ProjectError::Limited`] after too many in a day,
    /// [`ProjectError::Idempotency`] when the name is taken.
    pub async fn create(
        &self,
        author: &Session,
        title: Title,
        body: String,
        key: Option<IdempotencyKey>,
    ) -> Result<CreatedProject, ProjectError> {
        let whom = author.user_id.to_string();
        let fingerprint = || Fingerprint::of([title.as_str(), &body]);
        let request = self.idempotency.request(key.as_ref(), "project", &whom, fingerprint);
        if let Some(project) = self.created_before(author, request.as_ref()).await? {
            let (_, Rendered { warnings, .. }) = self.renderer.render(body).await??;
            return Ok(CreatedProject { project, warnings });
        }
        self.limits.take(Limit::ArticleQuota, Subject::User(author.user_id)).await?;
        let (body, mut rendered) = self.renderer.render(body).await??;
        let warnings = std::mem::take(&mut rendered.warnings);
        let project = NewProject { created_at: self.clock.now(), title, body, rendered };
        let project = match self.store.create(project, author, request.as_ref()).await {
            Ok(project) => project,
            Err(CreateError::Done) => self.created_before(author, request.as_ref()).await?.ok_or_else(not_recorded)?,
            Err(CreateError::UnknownAuthor) => return Err(InvalidAccessToken::UnknownUser.into()),
            Err(CreateError::TooLarge) => return Err(ProjectError::TooLarge),
            Err(CreateError::Fault(fault)) => return Err(fault.into()),
        };
        Ok(CreatedProject { project, warnings })
    }

    /// What a request has made before.
    async fn created_before(
        &self,
        author: &Session,
        request: Option<&NamedRequest>,
    ) -> Result<Option<Project>, ProjectError> {
        let Some(id) = self.idempotency.outcome(request).await? else { return Ok(None) };
        Ok(self.store.project(&author.username, id.parse().map_err(Fault::failed)?).await?)
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
