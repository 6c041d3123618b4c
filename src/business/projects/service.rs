//! What authors make of their projects, and who reads them.

use std::sync::Arc;

use super::project::{
    CreateError, NewProject, Project, ProjectChange, ProjectChangeError, ProjectError, ProjectPatch, ProjectStore,
};
use crate::business::idempotency::{Fingerprint, Idempotency, not_recorded};
use crate::business::{
    Clock, Fault, IdempotencyKey, IdempotencyStore, InvalidAccessToken, Limit, Limits, ListError, NamedRequest, Page,
    PageRequest, Renderer, Session, Subject, Title, Username, Versions,
};
use crate::markdown::Rendered;

/// How often a change is decided again, as the project is another by now.
const ATTEMPTS: u32 = 64;

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
        let project = self.store.project(&author.username, id.parse().map_err(Fault::failed)?).await?;
        // It was deleted since.
        project.map(Some).ok_or(ProjectError::NotFound)
    }

    /// A page of the projects of a user, in order, without any past the end.
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

    /// A project, and whose it is.
    ///
    /// # Errors
    /// [`ProjectError::NotFound`].
    pub async fn read(&self, id: u64) -> Result<(Project, Username), ProjectError> {
        let owner = self.store.owner_of_project(id).await?.ok_or(ProjectError::NotFound)?;
        let project = self.store.project(&owner, id).await?.ok_or(ProjectError::NotFound)?;
        Ok((project, owner))
    }

    /// Changes some of a project.
    ///
    /// # Errors
    /// [`ProjectError`].
    pub async fn patch(
        &self,
        author: &Session,
        id: u64,
        patch: ProjectPatch,
        versions: &Versions,
    ) -> Result<CreatedProject, ProjectError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        let mut before = self.own(author, id, versions).await?;
        let ProjectPatch { title, body } = patch;
        let (text, warnings) = match body {
            Some(body) => {
                let (body, mut rendered) = self.renderer.render(body).await??;
                let warnings = std::mem::take(&mut rendered.warnings);
                (Some((body, rendered)), warnings)
            }
            None => (None, Vec::new()),
        };
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let mut after = Project { version: before.version + 1, updated_at: now, ..before.clone() };
            if let Some(title) = &title {
                after.title = title.to_string();
            }
            if let Some((body, rendered)) = &text {
                (after.body, after.html) = (body.clone(), rendered.html.clone());
            }
            let renderer = text.as_ref().map(|(_, rendered)| rendered.renderer);
            let change = ProjectChange { before, after: after.clone(), renderer };
            match self.store.change_project(author, change, now).await {
                Ok(()) => return Ok(CreatedProject { project: after, warnings }),
                Err(ProjectChangeError::Changed) => before = self.own(author, id, versions).await?,
                Err(ProjectChangeError::TooLarge) => return Err(ProjectError::TooLarge),
                Err(ProjectChangeError::Fault(fault)) => return Err(fault.into()),
            }
        }
        Err(Fault::busy("a project changes all the time").into())
    }

    /// Removes a project for good.
    ///
    /// # Errors
    /// [`ProjectError`].
    pub async fn remove(&self, author: &Session, id: u64, versions: &Versions) -> Result<(), ProjectError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        for _ in 0..ATTEMPTS {
            let project = self.own(author, id, versions).await?;
            match self.store.remove_project(author, &project, self.clock.now()).await {
                Ok(()) => return Ok(()),
                Err(ProjectChangeError::Changed) => {}
                Err(ProjectChangeError::TooLarge) => return Err(ProjectError::TooLarge),
                Err(ProjectChangeError::Fault(fault)) => return Err(fault.into()),
            }
        }
        Err(Fault::busy("a project changes all the time").into())
    }

    /// Puts some of one's projects before all others, in this order.
    ///
    /// # Errors
    /// [`ProjectError::NotInOrder`].
    pub async fn order(&self, author: &Session, first: &[u64]) -> Result<(), ProjectError> {
        self.limits.take(Limit::ChangeQuota, Subject::User(author.user_id)).await?;
        match self.store.order_projects(author, first, self.clock.now()).await? {
            Some(id) => Err(ProjectError::NotInOrder(id)),
            None => Ok(()),
        }
    }

    /// A project of an author, in one of the versions that they mean.
    async fn own(&self, author: &Session, id: u64, versions: &Versions) -> Result<Project, ProjectError> {
        let (project, owner) = self.read(id).await?;
        match versions {
            _ if project.user_id != author.user_id => Err(ProjectError::NotAuthor),
            Some(versions) if !versions.contains(&project.version()) => {
                Err(ProjectError::OtherVersion(Box::new(project), owner))
            }
            _ => Ok(project),
        }
    }
}
