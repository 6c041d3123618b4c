//! Projects as items, one each.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::business::{
    CreateError, Fault, ListError, NamedRequest, NewProject, Page, PageRequest, Project, ProjectChange,
    ProjectChangeError, ProjectStore, Session, Timestamp, User, Username, memory,
};
use crate::database::accounts::ProfileItem;
use crate::database::changes::{self, ChangeItem, ChangeKind};
use crate::database::error::readable;
use crate::database::keys;
use crate::database::table::{Change, Item, Transaction, TransactionOutcome, backoff, from_item, number};
use crate::database::{Database, content, idempotency};

/// How often a project is put on its author's list against what changes their profile.
const ATTEMPTS: u32 = 8;

#[derive(Serialize, Deserialize)]
pub(in crate::database) struct ProjectItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) version: u64,
    pub(in crate::database) user_id: u64,
    /// A [`ProjectContent`], packed.
    #[serde(with = "serde_bytes")]
    pub(in crate::database) content: Vec<u8>,
}

/// Whose the project of a number is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct OwnerItem {
    pub(in crate::database) username: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::database) struct ProjectContent {
    pub(in crate::database) created_at: String,
    pub(in crate::database) updated_at: String,
    pub(in crate::database) title: String,
    pub(in crate::database) body: String,
    pub(in crate::database) html: String,
    #[serde(default)]
    pub(in crate::database) renderer: u32,
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
        let (profile, counter) = (keys::profile(&author.username), keys::change_counter());
        let mut found = self.table.batch_get(&[profile.clone(), counter.clone()]).await?;
        let read = found.remove(&profile).map(from_item::<ProfileItem>).transpose()?;
        let ProfileItem { user, project_ids, .. } = read.ok_or(CreateError::UnknownAuthor)?;
        let user = User::try_from(user)?;
        if user.id != author.user_id {
            return Err(CreateError::UnknownAuthor);
        }
        let id = self.next_number(&keys::project_counter()).await?;
        let item = ProjectItem { id, version: 1, user_id: user.id, content: packed };
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
        let now = project.created_at;
        match self.list_project(&user, &item, found.remove(&counter), (request, now)).await {
            Ok(()) => stored(&item, content).map_err(Into::into),
            Err(CreateError::Done) => {
                // Left, it does no harm, so whether that succeeds is no matter.
                let _ = self.table.delete(&keys::project(&user.username, item.id)).await;
                Err(CreateError::Done)
            }
            Err(error) => Err(error),
        }
    }

    async fn project(&self, author: &Username, id: u64) -> Result<Option<Project>, Fault> {
        let Some(item) = self.table.get::<ProjectItem>(&keys::project(author, id)).await? else { return Ok(None) };
        let (content, _) = content::unpack_reserving(std::slice::from_ref(&item.content)).await?;
        stored(&item, content).map(Some)
    }

    async fn projects_of(&self, username: &Username, request: PageRequest) -> Result<Option<Page<Project>>, ListError> {
        let Some(profile) = self.profile(username).await? else { return Ok(None) };
        let ids = profile.ordered_projects();
        let total = ids.len() as u64;
        let page = |items, unreadable| Ok(Some(Page { items, total, request, unreadable }));
        let Some(positions) = request.positions(total) else { return page(Vec::new(), 0) };
        let at = |position: u64| usize::try_from(position).map_err(Fault::failed);
        let ids = &ids[at(positions.start() - 1)?..at(*positions.end())?];
        let keys: Vec<_> = ids.iter().map(|id| keys::project(username, *id)).collect();
        let max_bytes = memory::max_response_bytes();
        let items = if ids.is_sorted() {
            self.table.query_keys(&keys, max_bytes).await?.ok_or(ListError::TooLarge)?
        } else {
            let mut found = self.table.batch_get_readable(&keys).await?;
            keys.iter().filter_map(|key| found.remove(key)).collect()
        };
        let mut projects = Vec::with_capacity(ids.len());
        let mut bytes = 0;
        for item in items.into_iter().rev() {
            let Some(item) = readable("project", from_item::<ProjectItem>(item))? else { continue };
            let unpacked = content::unpack_reserving(std::slice::from_ref(&item.content)).await;
            let Some((content, length)) = readable("project", unpacked)? else { continue };
            bytes += length;
            projects.extend(readable("project", stored(&item, content))?);
            if bytes > max_bytes {
                return Err(ListError::TooLarge);
            }
        }
        let unreadable = ids.len() - projects.len();
        page(projects, unreadable)
    }

    async fn owner_of_project(&self, id: u64) -> Result<Option<Username>, Fault> {
        let owner: Option<OwnerItem> = self.table.get(&keys::project_owner(id)).await?;
        owner.map(|owner| owner.username.parse().map_err(Fault::failed)).transpose()
    }

    async fn change_project(
        &self,
        author: &Session,
        change: ProjectChange,
        now: Timestamp,
    ) -> Result<(), ProjectChangeError> {
        let ProjectChange { before, after, renderer } = change;
        let (item, read, counter) = self.unchanged_project(author, &before).await?;
        let (content, _) = content::unpack_reserving::<ProjectContent>(std::slice::from_ref(&read.content)).await?;
        let content = ProjectContent {
            created_at: after.created_at.to_string(),
            updated_at: after.updated_at.to_string(),
            title: after.title,
            body: after.body,
            html: after.html,
            renderer: renderer.unwrap_or(content.renderer),
        };
        let (_, packed) = content::pack_off_thread(content).await?;
        let packed = packed.ok_or(ProjectChangeError::TooLarge)?;
        let [content] = <[Vec<u8>; 1]>::try_from(packed.parts).map_err(|_| ProjectChangeError::TooLarge)?;
        let mut transaction = Transaction::new(&self.table);
        let key = keys::project(&author.username, before.id);
        transaction.replace(&key, &ProjectItem { version: after.version, content, ..read }, &item)?;
        let change = ChangeItem::new(ChangeKind::ProjectUpdated, before.id, after.version, now);
        changes::append(&mut transaction, &counter, &change)?;
        committed(transaction).await
    }

    async fn remove_project(
        &self,
        author: &Session,
        project: &Project,
        now: Timestamp,
    ) -> Result<(), ProjectChangeError> {
        let (item, _, counter) = self.unchanged_project(author, project).await?;
        let profile_key = keys::profile(&author.username);
        let profile = self.table.find(&profile_key).await?.ok_or(ProjectChangeError::Changed)?;
        let mut after: ProfileItem = from_item(profile.clone())?;
        after.project_ids.retain(|id| *id != project.id);
        let mut transaction = Transaction::new(&self.table);
        transaction.remove(&keys::project(&author.username, project.id), &item)?;
        transaction.delete(&keys::project_owner(project.id))?;
        transaction.replace(&profile_key, &after, &profile)?;
        let change = ChangeItem::new(ChangeKind::ProjectRemoved, project.id, project.version, now);
        changes::append(&mut transaction, &counter, &change)?;
        committed(transaction).await
    }

    async fn order_projects(&self, author: &Session, first: &[u64], now: Timestamp) -> Result<Option<u64>, Fault> {
        let (profile_key, counter_key) = (keys::profile(&author.username), keys::change_counter());
        for attempt in 0..ATTEMPTS {
            let mut found = self.table.batch_get(&[profile_key.clone(), counter_key.clone()]).await?;
            let profile = found.remove(&profile_key).ok_or_else(|| Fault::failed("an author without a profile"))?;
            let counter = found.remove(&counter_key).ok_or_else(no_counter)?;
            let before: ProfileItem = from_item(profile.clone())?;
            let mut ids = before.ordered_projects();
            if let Some(unknown) = first.iter().find(|id| !ids.contains(id)) {
                return Ok(Some(*unknown));
            }
            // The last is shown first.
            ids.retain(|id| !first.contains(id));
            let mut seen = BTreeSet::new();
            let first: Vec<_> = first.iter().filter(|id| seen.insert(**id)).copied().collect();
            ids.extend(first.iter().rev());
            let after = ProfileItem { project_ids: ids, projects_ordered: true, ..before };
            let mut transaction = Transaction::new(&self.table);
            transaction.replace(&profile_key, &after, &profile)?;
            let change = ChangeItem::new(ChangeKind::ProjectsOrdered, author.user_id, 0, now);
            changes::append(&mut transaction, &counter, &change)?;
            match transaction.commit().await? {
                TransactionOutcome::Committed => return Ok(None),
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy("a profile changes all the time"))
    }
}

impl Database {
    /// Puts a project on its author's list, if the request for it was not done before.
    async fn list_project(
        &self,
        user: &User,
        project: &ProjectItem,
        counter: Option<Item>,
        (request, now): (Option<&NamedRequest>, Timestamp),
    ) -> Result<(), CreateError> {
        let mut counter = counter.ok_or_else(no_counter)?;
        for attempt in 0..ATTEMPTS {
            let mut addition = Transaction::new(&self.table);
            let record = idempotency::record(&mut addition, request, &project.id.to_string())?;
            let append = Change::default().append("project_ids", number(project.id));
            addition.update(&keys::profile(&user.username), append)?;
            let owner = OwnerItem { username: user.username.to_string() };
            addition.create(&keys::project_owner(project.id), &owner)?;
            let change = ChangeItem::new(ChangeKind::ProjectPublished, project.id, project.version, now);
            changes::append(&mut addition, &counter, &change)?;
            match addition.commit().await? {
                TransactionOutcome::Committed => return Ok(()),
                TransactionOutcome::ConditionsFailed(failed) if idempotency::is_done(record, &failed) => {
                    return Err(CreateError::Done);
                }
                // The author, or anybody, publishes something else at the same time.
                TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => backoff(attempt).await,
            }
            counter = self.table.find(&keys::change_counter()).await?.ok_or_else(no_counter)?;
        }
        Err(Fault::busy("too many changes at once").into())
    }

    /// A project that still is what it was, and the number of the last change.
    async fn unchanged_project(
        &self,
        author: &Session,
        before: &Project,
    ) -> Result<(Item, ProjectItem, Item), ProjectChangeError> {
        let (key, counter) = (keys::project(&author.username, before.id), keys::change_counter());
        let mut found = self.table.batch_get(&[key.clone(), counter.clone()]).await?;
        let item = found.remove(&key).ok_or(ProjectChangeError::Changed)?;
        let read: ProjectItem = from_item(item.clone())?;
        if read.version != before.version {
            return Err(ProjectChangeError::Changed);
        }
        Ok((item, read, found.remove(&counter).ok_or_else(no_counter)?))
    }
}

fn no_counter() -> Fault {
    Fault::failed("the number of the last change is not there: run `check --repair`")
}

async fn committed(transaction: Transaction<'_>) -> Result<(), ProjectChangeError> {
    match transaction.commit().await? {
        TransactionOutcome::Committed => Ok(()),
        TransactionOutcome::ConditionsFailed(_) | TransactionOutcome::Conflict => Err(ProjectChangeError::Changed),
    }
}

fn stored(item: &ProjectItem, content: ProjectContent) -> Result<Project, Fault> {
    Ok(Project {
        id: item.id,
        version: item.version,
        user_id: item.user_id,
        created_at: content.created_at.parse().map_err(Fault::failed)?,
        updated_at: content.updated_at.parse().map_err(Fault::failed)?,
        title: content.title,
        body: content.body,
        html: content.html,
    })
}
