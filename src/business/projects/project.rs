//! What a project is, and what it needs from storage.

use async_trait::async_trait;

use crate::business::{
    Fault, IdempotencyError, InvalidAccessToken, LimitError, ListError, NamedRequest, Page, PageRequest, Session,
    Timestamp, Title, Username, Version,
};
use crate::markdown::{Rendered, TooComplex};

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Given when it is made, never reused. Later projects have higher ones.
    pub id: u64,
    /// Goes up with every change by its author.
    pub version: u64,
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

impl Project {
    /// Which version it is.
    #[must_use]
    pub fn version(&self) -> Version {
        Version { id: self.id, number: self.version }
    }
}

/// What of a project is to be something else.
#[derive(Clone, Debug, Default)]
pub struct ProjectPatch {
    /// The title.
    pub title: Option<Title>,
    /// The Markdown.
    pub body: Option<String>,
}

/// What a project becomes.
pub struct ProjectChange {
    /// What it was when the change was decided.
    pub before: Project,
    /// What it is to be.
    pub after: Project,
    /// The version of the renderer that rendered its body, if that is another.
    pub renderer: Option<u32>,
}

/// Why a project could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectChangeError {
    /// It is not what it was when the change was decided.
    #[error("changed meanwhile")]
    Changed,
    /// It does not fit into the store, even compressed.
    #[error("project too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
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

    /// A page of the projects of a user, in order, without any past the end; none for
    /// an unknown user.
    ///
    /// # Errors
    /// [`ListError::TooLarge`] when the page is more than fits into memory.
    async fn projects_of(&self, username: &Username, page: PageRequest) -> Result<Option<Page<Project>>, ListError>;

    /// Whose the project of a number is.
    async fn owner_of_project(&self, id: u64) -> Result<Option<Username>, Fault>;

    /// Makes of a project of an author what it is to be, if it still is what it was.
    async fn change_project(
        &self,
        author: &Session,
        change: ProjectChange,
        now: Timestamp,
    ) -> Result<(), ProjectChangeError>;

    /// Removes a project of an author, if it still is what it was.
    async fn remove_project(
        &self,
        author: &Session,
        project: &Project,
        now: Timestamp,
    ) -> Result<(), ProjectChangeError>;

    /// Puts some projects of an author before all others, and says which, if any, is none of theirs.
    async fn order_projects(&self, author: &Session, first: &[u64], now: Timestamp) -> Result<Option<u64>, Fault>;
}

/// Why a project operation was refused. The sentences are part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No project has the number.
    #[error("Project not found")]
    NotFound,
    /// Only its author may change it.
    #[error("Not your project")]
    NotAuthor,
    /// It is another version than the one that the client means.
    #[error("The project has changed, its version is {}", .0.version)]
    OtherVersion(Box<Project>, Username),
    /// None of one's own has the number.
    #[error("Project {0} is none of yours")]
    NotInOrder(u64),
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
