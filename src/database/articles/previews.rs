//! Preview links as items beside their articles.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::items::timestamp;
use crate::business::{Fault, PreviewLink, PreviewStore, Timestamp};
use crate::database::Database;
use crate::database::keys;
use crate::database::table::from_item;

#[derive(Serialize, Deserialize)]
struct PreviewItem {
    id: String,
    created_at: String,
    /// In seconds since 1970: items that have one are removed by the engine, some time after.
    expires_at: i64,
}

impl PreviewItem {
    fn link(self) -> Result<PreviewLink, Fault> {
        let expires_at = Timestamp::from_unix_seconds(self.expires_at);
        Ok(PreviewLink { id: self.id, created_at: timestamp(&self.created_at)?, expires_at })
    }
}

#[async_trait]
impl PreviewStore for Database {
    async fn add_preview_link(&self, article: u64, link: &PreviewLink) -> Result<(), Fault> {
        let PreviewLink { id, created_at, expires_at } = link;
        let (created_at, expires_at) = (created_at.to_string(), expires_at.unix_seconds());
        self.table.put(&keys::preview(article, id), &PreviewItem { id: id.clone(), created_at, expires_at }).await
    }

    async fn preview_links(&self, article: u64, now: Timestamp) -> Result<Vec<PreviewLink>, Fault> {
        let partition = keys::article(article).pk;
        let items = self.table.query(&partition, Some(keys::previews()), usize::MAX).await?.unwrap_or_default();
        let links = items.into_iter().map(|item| from_item::<PreviewItem>(item)?.link());
        let mut links = links.collect::<Result<Vec<_>, _>>()?;
        links.retain(|link| link.expires_at > now);
        links.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(links)
    }

    async fn preview_link(&self, article: u64, id: &str, now: Timestamp) -> Result<Option<PreviewLink>, Fault> {
        let item: Option<PreviewItem> = self.table.get(&keys::preview(article, id)).await?;
        let link = item.map(PreviewItem::link).transpose()?;
        Ok(link.filter(|link| link.expires_at > now))
    }

    async fn remove_preview_link(&self, article: u64, id: &str) -> Result<(), Fault> {
        self.table.delete(&keys::preview(article, id)).await
    }
}
