//! What texts are rendered to, read and replaced without the rest of their articles and projects.

use async_trait::async_trait;

use super::Database;
use super::articles::{EntryItem, PartItem, part};
use super::content::{self, Content, Packed};
use super::error::readable;
use super::keys::{self, Key};
use super::projects::{ProjectContent, ProjectItem};
use super::table::{Item, Transaction, TransactionOutcome, backoff, from_item, key_attribute};
use crate::business::{Fault, ListedTexts, RenderedText, RenderedTexts, Replaced, Slug, TextAddress, Username};

/// How often a text is replaced against what else changes at its items.
const ATTEMPTS: u32 = 8;

/// An article as its items have it.
struct StoredArticle {
    entry: EntryItem,
    entry_item: Item,
    /// In the order of the parts.
    parts: Vec<(Key, Item)>,
    content: Content,
}

/// A project as its item has it.
struct StoredProject {
    project: ProjectItem,
    item: Item,
    content: ProjectContent,
}

#[async_trait]
impl RenderedTexts for Database {
    async fn texts(&self) -> Result<ListedTexts, Fault> {
        let (mut listed, mut after) = (ListedTexts::default(), None);
        loop {
            let (items, last) = self.table.scan(None, after).await?;
            for item in items {
                match readable("text", address(item))? {
                    Some(address) => listed.texts.extend(address),
                    None => listed.unreadable += 1,
                }
            }
            after = last;
            if after.is_none() {
                return Ok(listed);
            }
        }
    }

    async fn text(&self, address: &TextAddress) -> Result<Option<RenderedText>, Fault> {
        match address {
            TextAddress::Article { author, position, slug } => {
                Ok(self.stored_article(author, *position, slug).await?.map(|stored| text_of_article(&stored.content)))
            }
            TextAddress::Project { author, id } => {
                Ok(self.stored_project(author, *id).await?.map(|stored| text_of_project(&stored.content)))
            }
        }
    }

    async fn replace(
        &self,
        address: &TextAddress,
        before: &RenderedText,
        after: &RenderedText,
    ) -> Result<Replaced, Fault> {
        for attempt in 0..ATTEMPTS {
            let replacement = match address {
                TextAddress::Article { author, position, slug } => {
                    let stored = self.stored_article(author, *position, slug).await?;
                    let Some(stored) = stored.filter(|stored| text_of_article(&stored.content) == *before) else {
                        return Ok(Replaced::Changed);
                    };
                    self.article_replacement(&keys::user_article(author, *position), slug, stored, after)?
                }
                TextAddress::Project { author, id } => {
                    let stored = self.stored_project(author, *id).await?;
                    let Some(stored) = stored.filter(|stored| text_of_project(&stored.content) == *before) else {
                        return Ok(Replaced::Changed);
                    };
                    self.project_replacement(&keys::project(author, *id), stored, after)?
                }
            };
            let Some(replacement) = replacement else { return Ok(Replaced::TooLarge) };
            match replacement.commit().await? {
                TransactionOutcome::Committed => return Ok(Replaced::Done),
                TransactionOutcome::ConditionsFailed(_) => return Ok(Replaced::Changed),
                TransactionOutcome::Conflict => backoff(attempt).await,
            }
        }
        Err(Fault::busy(format!("too many changes of {address} at once")))
    }
}

/// The text that an item belongs to, if it is an author's entry of one.
fn address(item: Item) -> Result<Option<TextAddress>, Fault> {
    let (Some(pk), Some(sk)) = (key_attribute(&item, "pk"), key_attribute(&item, "sk")) else { return Ok(None) };
    let Some(author) = keys::user(pk) else { return Ok(None) };
    if let Some(id) = keys::project_id(sk) {
        return Ok(Some(TextAddress::Project { author, id }));
    }
    let Some(position) = keys::position(sk) else { return Ok(None) };
    let entry: EntryItem = from_item(item)?;
    Ok(Some(TextAddress::Article { author, position, slug: entry.slug.parse().map_err(Fault::failed)? }))
}

fn text_of_article(content: &Content) -> RenderedText {
    RenderedText {
        body: content.body.clone(),
        html: content.html.clone(),
        table_of_contents: content.table_of_contents.clone(),
        renderer: content.renderer,
    }
}

fn text_of_project(content: &ProjectContent) -> RenderedText {
    RenderedText {
        body: content.body.clone(),
        html: content.html.clone(),
        table_of_contents: String::new(),
        renderer: content.renderer,
    }
}

impl Database {
    async fn stored_article(
        &self,
        author: &Username,
        position: u64,
        slug: &Slug,
    ) -> Result<Option<StoredArticle>, Fault> {
        let Some(entry_item) = self.table.find(&keys::user_article(author, position)).await? else { return Ok(None) };
        let entry: EntryItem = from_item(entry_item.clone())?;
        if entry.slug != slug.as_str() {
            return Ok(None);
        }
        let keys: Vec<_> = (0..entry.parts).map(|part| keys::article_part(slug, part)).collect();
        let mut found = self.table.batch_get(&keys).await?;
        let parts = keys.into_iter().map(|key| found.remove(&key).map(|item| (key, item)));
        let parts: Vec<_> = parts
            .collect::<Option<_>>()
            .ok_or_else(|| Fault::failed(format!("a part of article {slug} is missing")))?;
        let document = parts.iter().map(|(_, item)| part(item.clone())).collect::<Result<Vec<_>, _>>()?;
        let content = content::unpack_reserving(&document).await?.0;
        Ok(Some(StoredArticle { entry, entry_item, parts, content }))
    }

    async fn stored_project(&self, author: &Username, id: u64) -> Result<Option<StoredProject>, Fault> {
        let Some(item) = self.table.find(&keys::project(author, id)).await? else { return Ok(None) };
        let project: ProjectItem = from_item(item.clone())?;
        let content = content::unpack_reserving(std::slice::from_ref(&project.content)).await?.0;
        Ok(Some(StoredProject { project, item, content }))
    }

    /// What replaces the parts of an article, and what its author's entry says of them. None if the
    /// new ones are too large.
    fn article_replacement(
        &self,
        entry_key: &Key,
        slug: &Slug,
        stored: StoredArticle,
        after: &RenderedText,
    ) -> Result<Option<Transaction<'_>>, Fault> {
        let content = Content {
            html: after.html.clone(),
            table_of_contents: after.table_of_contents.clone(),
            renderer: after.renderer,
            ..stored.content
        };
        let Some(Packed { parts, bytes }) = content::pack(&content)? else { return Ok(None) };
        let mut replacement = Transaction::new(&self.table);
        for (index, content) in parts.iter().enumerate() {
            let part = PartItem { content: content.clone() };
            match stored.parts.get(index) {
                Some((key, before)) => replacement.replace(key, &part, before)?,
                None => replacement.create(&keys::article_part(slug, index), &part)?,
            };
        }
        for (key, _) in stored.parts.iter().skip(parts.len()) {
            replacement.delete(key)?;
        }
        let entry = EntryItem { parts: parts.len(), bytes, ..stored.entry };
        replacement.replace(entry_key, &entry, &stored.entry_item)?;
        Ok(Some(replacement))
    }

    /// Likewise, of a project.
    fn project_replacement(
        &self,
        key: &Key,
        stored: StoredProject,
        after: &RenderedText,
    ) -> Result<Option<Transaction<'_>>, Fault> {
        let content = ProjectContent { html: after.html.clone(), renderer: after.renderer, ..stored.content };
        // A project is one item.
        let parts = content::pack(&content)?.map(|packed| <[Vec<u8>; 1]>::try_from(packed.parts));
        let Some(Ok([content])) = parts else { return Ok(None) };
        let mut replacement = Transaction::new(&self.table);
        replacement.replace(key, &ProjectItem { content, ..stored.project }, &stored.item)?;
        Ok(Some(replacement))
    }
}
