//! Projects as items, one each.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::accounts::ProfileItem;
use super::error::readable;
use super::keys::{self, Key};
use super::table::{Change, Transaction, TransactionOutcome, backoff, from_item, number};
use super::{Database, content, idempotency};
use crate::business::{
    CreateError, Fault, ListError, NamedRequest, NewProject, Page, PageRequest, Project, ProjectStore, Session, User,
    Username, memory,
};

/// How often a project is put on its author's list against what changes their profile.
const ATTEMPTS: u32 = 8;

#[derive(Serialize, Deserialize)]
pub(super) struct ProjectItem {
    pub(super) id: u64,
    pub(super) user_id: u64,
    /// A [`ProjectContent`], packed.
    #[serde(with = "serde_bytes")]
    pub(super) content: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ProjectContent {
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) html: String,
    #[serde(default)]
    pub(super) renderer: u32,
}

#[async_trait]
impl ProjectStore for Database {
    async fn create(
        &self,
        project: NewProject,
        author: &Session,
        request: Option<&NamedRequest>,
    ) -> Result<Project, CreateError> {
        let content = ProjectContent {
            created_at: project.created_at.to_string(),
            updated_at: project.created_at.to_string(),
            title: project.title.to_string(),
            body: project.body,
            html: project.rendered.html,
            renderer: project.rendered.renderer,
        };
        let (content, packed) = content::pack_off_thread(content).await?;
        let packed = packed.ok_or(CreateError::TooLarge)?;
        // A project is one item, so that a list is one request.
        let [packed] = <[Vec<u8>; 1]>::try_from(packed.parts).map_err(|_| CreateError::TooLarge)?;
        let profile: Option<ProfileItem> = self.table.get(&keys::profile(&author.username)).await?;
        let ProfileItem { user, project_ids, .. } = profile.ok_or(CreateError::UnknownAuthor)?;
        let user = User::try_from(user)?;
        if user.id != author.user_id {
            return Err(CreateError::UnknownAuthor);
        }
        let id = self.next_number(&keys::project_counter()).await?;
        let item = ProjectItem { id, user_id: user.id, content: packed };
        if project_ids.iter().any(|id| *id >= item.id) {
            return Err(
                Fault::failed("there are projects of higher numbers than the last: run `check --repair`").into()
            );
        }
        // Not seen by anybody until it is on the list.
        let stored_anew = self.table.create(&keys::project(&user.username, item.id), &item).await;
        if !stored_anew.map_err(Fault::of_preparation)? {
            return Err(Fault::failed(format!("a project has the number {} already", item.id)).into());
        }
        let append = Change::default().append("project_ids", number(item.id));
        let profile = keys::profile(&user.username);
        match request {
            None => drop(self.table.update(&profile, append).await?),
            Some(request) => {
                if let Err(error) = self.append_once(&profile, append, request, item.id).await {
                    if matches!(error, CreateError::Done) {
                        // Left, it does no harm, so whether that succeeds is no matter.
                        let _ = self.table.delete(&keys::project(&user.username, item.id)).await;
                    }
                    return Err(error);
                }
            }
        }
        stored(item.id, item.user_id, content).map_err(Into::into)
    }

    async fn project(&self, author: &Username, id: u64) -> Result<Option<Project>, Fault> {
        let Some(item) = self.table.get::<ProjectItem>(&keys::project(author, id)).await? else { return Ok(None) };
        let (content, _) = content::unpack_reserving(&[item.content]).await?;
        stored(item.id, item.user_id, content).map(Some)
    }

    async fn projects_of(&self, username: &Username, request: PageRequest) -> Result<Option<Page<Project>>, ListError> {
        let Some(profile) = self.profile(username).await? else { return Ok(None) };
        // In the order of the keys, and each once, whoever wrote them when.
        let ids: Vec<u64> = BTreeSet::from_iter(profile.project_ids).into_iter().collect();
        let total = ids.len() as u64;
        let page = |items, unreadable| Ok(Some(Page { items, total, request, unreadable }));
        let Some(positions) = request.positions(total) else { return page(Vec::new(), 0) };
        let at = |position: u64| usize::try_from(position).map_err(Fault::failed);
        let ids = &ids[at(positions.start() - 1)?..at(*positions.end())?];
        let keys: Vec<_> = ids.iter().map(|id| keys::project(username, *id)).collect();
        let max_bytes = memory::max_response_bytes();
        let items = self.table.query_keys(&keys, max_bytes).await?.ok_or(ListError::TooLarge)?;
        let mut projects = Vec::with_capacity(ids.len());
        let mut bytes = 0;
        for item in items.into_iter().rev() {
            let Some(item) = readable("project", from_item::<ProjectItem>(item))? else { continue };
            let unpacked = content::unpack_reserving(&[item.content]).await;
            let Some((content, length)) = readable("project", unpacked)? else { continue };
            bytes += length;
            projects.extend(readable("project", stored(item.id, item.user_id, content))?);
            if bytes > max_bytes {
                return Err(ListError::TooLarge);
            }
        }
        let unreadable = ids.len() - projects.len();
        page(projects, unreadable)
    }
}

impl Database {
    /// Puts a project on its author's list, if the request for it was not done before.
    async fn append_once(
        &self,
        profile: &Key,
        append: Change,
        request: &NamedRequest,
        id: u64,
    ) -> Result<(), CreateError> {
        let mut addition = Transaction::new(&self.table);
        idempotency::record(&mut addition, Some(request), &id.to_string())?;
        addition.update(profile, append)?;
        for attempt in 0..ATTEMPTS {
            match addition.commit().await? {
                TransactionOutcome::Committed => return Ok(()),
                TransactionOutcome::ConditionsFailed(_) => return Err(CreateError::Done),
                // The author publishes something else at the same time.
                TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("too many changes of a profile at once").into())
    }
}

fn stored(id: u64, user_id: u64, content: ProjectContent) -> Result<Project, Fault> {
    Ok(Project {
        id,
        user_id,
        created_at: content.created_at.parse().map_err(Fault::failed)?,
        updated_at: content.updated_at.parse().map_err(Fault::failed)?,
        title: content.title,
        body: content.body,
        html: content.html,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::business::{AccountStore as _, NewAccount, PasswordHash, Timestamp};

    #[tokio::test]
    async fn a_request_that_was_done_before_leaves_nothing() {
        let database = Database::embedded(None).await.unwrap();
        let created_at: Timestamp = "2026-03-14T15:09:26Z".parse().unwrap();
        let (email, username) = ("ada@example.com".parse().unwrap(), "ada".parse().unwrap());
        let password = PasswordHash::from_stored("x".to_owned());
        let new = NewAccount { created_at, email, username, password };
        let user = database.register(new, None, None).await.unwrap().user;
        let ada = Session { user_id: user.id, username: user.username };
        let request = NamedRequest { id: "id".to_owned(), fingerprint: "body".to_owned(), received_at: created_at };
        let project =
            || NewProject { created_at, title: "P".parse().unwrap(), body: String::new(), rendered: <_>::default() };
        let first = database.create(project(), &ada, Some(&request)).await.unwrap();
        let again = database.create(project(), &ada, Some(&request)).await;
        assert!(matches!(again, Err(CreateError::Done)), "{again:?}");
        assert!(database.project(&ada.username, first.id).await.unwrap().is_some());
        assert!(database.project(&ada.username, first.id + 1).await.unwrap().is_none());
    }
}
