//! What articles are in the table.

use serde::{Deserialize, Serialize};

use crate::business::{Adjacent, Article, Fault, Slug};
use crate::database::accounts::UserItem;
use crate::database::content::Content;
use crate::database::keys;
use crate::database::table::{Item, from_item, key_attribute};

/// The site's count of articles.
#[derive(Serialize, Deserialize, Default)]
pub(in crate::database) struct Publications {
    /// How many were published.
    pub(in crate::database) articles: u64,
    pub(in crate::database) latest: Option<AdjacentItem>,
    /// How many of them are known to be lost.
    #[serde(default)]
    pub(in crate::database) lost: u64,
}

#[derive(Serialize, Deserialize, Clone)]
pub(in crate::database) struct AdjacentItem {
    pub(in crate::database) title: String,
    pub(in crate::database) slug: String,
}

/// What stands around an article.
#[derive(Serialize, Deserialize)]
pub(in crate::database) struct MetaItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) author: UserItem,
    pub(in crate::database) prev: Option<AdjacentItem>,
    pub(in crate::database) next: Option<AdjacentItem>,
}

/// A part of what an article says.
#[derive(Serialize, Deserialize)]
pub(in crate::database) struct PartItem {
    #[serde(with = "serde_bytes")]
    pub(in crate::database) content: Vec<u8>,
}

/// An article in its author's list.
#[derive(Serialize, Deserialize)]
pub(in crate::database) struct EntryItem {
    pub(in crate::database) id: u64,
    pub(in crate::database) slug: String,
    pub(in crate::database) parts: usize,
    /// Of the article, uncompressed.
    pub(in crate::database) bytes: usize,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SlugCounter {
    pub(super) last: u64,
}

impl TryFrom<AdjacentItem> for Adjacent {
    type Error = Fault;

    fn try_from(item: AdjacentItem) -> Result<Self, Fault> {
        Ok(Self { title: item.title, slug: item.slug.parse().map_err(Fault::failed)? })
    }
}

pub(super) fn article(id: u64, slug: Slug, content: Content) -> Result<Article, Fault> {
    Ok(Article {
        id,
        created_at: content.created_at.parse().map_err(Fault::failed)?,
        updated_at: content.updated_at.parse().map_err(Fault::failed)?,
        title: content.title,
        slug,
        body: content.body,
        html: content.html,
        meta_description: content.meta_description,
        table_of_contents: content.table_of_contents,
        featured_image: content.featured_image,
    })
}

/// The parts among the items of an article, in order.
pub(in crate::database) fn parts(items: Vec<Item>) -> Result<Vec<Vec<u8>>, Fault> {
    let is_part = |item: &Item| key_attribute(item, "sk").is_some_and(keys::is_article_part);
    items.into_iter().filter(is_part).map(part).collect()
}

pub(in crate::database) fn part(item: Item) -> Result<Vec<u8>, Fault> {
    from_item(item).map(|part: PartItem| part.content)
}
