//! Projects as items, one each.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::accounts::ProfileItem;
use super::table::{Expression, from_item, number};
use super::{Database, content, keys};
use crate::business::{CreateError, Fault, NewProject, Project, ProjectStore, Session, User, Username};

#[derive(Serialize, Deserialize)]
struct ProjectItem {
    id: u64,
    user_id: u64,
    /// A [`ProjectContent`], packed.
    #[serde(with = "serde_bytes")]
    content: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct ProjectContent {
    created_at: String,
    updated_at: String,
    title: String,
    body: String,
    html: String,
}

#[derive(Deserialize)]
struct ProjectCounter {
    last: u64,
}

#[async_trait]
impl ProjectStore for Database {
    async fn create(&self, project: NewProject, author: &Session) -> Result<Project, CreateError> {
        let content = ProjectContent {
            created_at: project.created_at.to_string(),
            updated_at: project.created_at.to_string(),
            title: project.title.to_string(),
            body: project.body,
            html: project.html,
        };
        let (content, packed) = content::pack_off_thread(content).await?;
        let packed = packed.ok_or(CreateError::TooLarge)?;
        // A project is one item, so that a list is one request.
        let [packed] = <[Vec<u8>; 1]>::try_from(packed.parts).map_err(|_| CreateError::TooLarge)?;
        let profile: Option<ProfileItem> = self.table.get(&keys::profile(&author.username)).await?;
        let user = User::try_from(profile.ok_or(CreateError::UnknownAuthor)?.user)?;
        if user.id != author.user_id {
            return Err(CreateError::UnknownAuthor);
        }
        let next = Expression::update("ADD #last :one").name("#last", "last").value(":one", number(1));
        let numbers = self.table.update(&keys::project_counter(), next).await?;
        let numbers: ProjectCounter = from_item(numbers.unwrap_or_default())?;
        let item = ProjectItem { id: numbers.last, user_id: user.id, content: packed };
        self.table.put(&keys::project(&user.username, item.id), &item).await?;
        stored(item.id, item.user_id, content).map_err(Into::into)
    }

    async fn projects_of(&self, username: &Username) -> Result<Option<Vec<Project>>, Fault> {
        let profile: Option<ProfileItem> = self.table.get(&keys::profile(username)).await?;
        if profile.is_none() {
            return Ok(None);
        }
        let (oldest, newest) = (keys::project(username, 0), keys::project(username, keys::MAX_POSITION));
        let items = self.table.query(&oldest.pk, Some(oldest.sk..=newest.sk)).await?;
        let project = |item| {
            let item: ProjectItem = from_item(item)?;
            stored(item.id, item.user_id, content::unpack(&[item.content])?)
        };
        items.into_iter().rev().map(project).collect::<Result<_, _>>().map(Some)
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
