//! What texts are rendered to, read and replaced without the rest of their articles and projects.

use async_trait::async_trait;

use super::packing;
use super::texts::ContentAddress;
use crate::business::{
    Fault, ListedTexts, RenderedText, RenderedTexts, Replaced, Summary, Text, TextAddress, Username,
};
use crate::database::Database;
use crate::database::articles::{HeadItem, RevisionItem, SlugItem};
use crate::database::error::readable;
use crate::database::keys::{self, Key};
use crate::database::projects::{ProjectContent, ProjectItem};
use crate::database::table::{Item, Transaction, TransactionOutcome, backoff, from_item, key_attribute};

/// How often a text is replaced against what else changes at its items.
const ATTEMPTS: u32 = 8;

/// An article as its items have it.
struct StoredArticle {
    head: HeadItem,
    /// As it stands under its number, and under its slug, and its newest revision.
    items: [Item; 3],
    text: Text,
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
            TextAddress::Article { id, .. } => {
                Ok(self.stored_article(*id).await?.map(|stored| text_of_article(&stored)))
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
            let replaced = match address {
                TextAddress::Article { id, .. } => {
                    let stored = self.stored_article(*id).await?;
                    let Some(stored) = stored.filter(|stored| text_of_article(stored) == *before) else {
                        return Ok(Replaced::Changed);
                    };
                    self.replace_article(stored, after).await?
                }
                TextAddress::Project { author, id } => {
                    let stored = self.stored_project(author, *id).await?;
                    let Some(stored) = stored.filter(|stored| text_of_project(&stored.content) == *before) else {
                        return Ok(Replaced::Changed);
                    };
                    self.replace_project(&keys::project(author, *id), stored, after).await?
                }
            };
            match replaced {
                Some(TransactionOutcome::Committed) => return Ok(Replaced::Done),
                Some(TransactionOutcome::ConditionsFailed(_)) => return Ok(Replaced::Changed),
                Some(TransactionOutcome::Conflict) => backoff(attempt).await,
                None => return Ok(Replaced::TooLarge),
            }
        }
        Err(Fault::busy(format!("too many changes of {address} at once")))
    }
}

/// The text that an item belongs to, if it is the one that says where it is.
fn address(item: Item) -> Result<Option<TextAddress>, Fault> {
    let (Some(pk), Some(sk)) = (key_attribute(&item, "pk"), key_attribute(&item, "sk")) else { return Ok(None) };
    if keys::article_id(pk).is_some() {
        let head: HeadItem = from_item(item)?;
        return Ok(Some(TextAddress::Article { id: head.id, slug: head.slug()? }));
    }
    let (Some(author), Some(id)) = (keys::user(pk), keys::project_id(sk)) else { return Ok(None) };
    Ok(Some(TextAddress::Project { author, id }))
}

fn text_of_article(StoredArticle { head, text, .. }: &StoredArticle) -> RenderedText {
    RenderedText {
        body: text.body.clone(),
        html: text.html.clone(),
        table_of_contents: text.table_of_contents.clone(),
        summary: head.summary(),
        renderer: text.renderer,
    }
}

fn text_of_project(content: &ProjectContent) -> RenderedText {
    RenderedText {
        body: content.body.clone(),
        html: content.html.clone(),
        table_of_contents: String::new(),
        summary: Summary::default(),
        renderer: content.renderer,
    }
}

impl Database {
    async fn stored_article(&self, id: u64) -> Result<Option<StoredArticle>, Fault> {
        let Some(head_item) = self.table.find(&keys::article(id)).await? else { return Ok(None) };
        let head: HeadItem = from_item(head_item.clone())?;
        let slug = keys::slug(&head.slug()?);
        let revision = keys::revision(id, head.revision);
        let keys: Vec<_> = head.content.keys().chain([slug.clone(), revision.clone()]).collect();
        let mut found = self.table.batch_get(&keys).await?;
        let missing = |what| Fault::failed(format!("{what} of article {id} is not there"));
        let slug_item = found.remove(&slug).ok_or_else(|| missing("the slug"))?;
        let revision_item = found.remove(&revision).ok_or_else(|| missing("the newest revision"))?;
        let parts = head.content.parts(&mut found)?.ok_or_else(|| missing("the text"))?;
        let text = packing::unpack_reserving(&parts).await?.0;
        Ok(Some(StoredArticle { head, items: [head_item, slug_item, revision_item], text }))
    }

    async fn stored_project(&self, author: &Username, id: u64) -> Result<Option<StoredProject>, Fault> {
        let Some(item) = self.table.find(&keys::project(author, id)).await? else { return Ok(None) };
        let project: ProjectItem = from_item(item.clone())?;
        let content = packing::unpack_reserving(std::slice::from_ref(&project.content)).await?.0;
        Ok(Some(StoredProject { project, item, content }))
    }

    /// Stores another text of an article, and makes it the one that the article has. None if it is too
    /// large.
    async fn replace_article(
        &self,
        stored: StoredArticle,
        after: &RenderedText,
    ) -> Result<Option<TransactionOutcome>, Fault> {
        let StoredArticle { head, items: [head_item, slug_item, revision_item], text } = stored;
        let text = Text {
            html: after.html.clone(),
            table_of_contents: after.table_of_contents.clone(),
            renderer: after.renderer,
            ..text
        };
        let Some(packed) = packing::pack(&text)? else { return Ok(None) };
        let mut head = head;
        let before = std::mem::replace(&mut head.content, self.store_text(&packed).await?);
        head.set_summary(&after.summary);
        let found = SlugItem { head: Some(head.clone()), ..from_item(slug_item.clone())? };
        let revision = RevisionItem { content: head.content.clone(), ..from_item(revision_item.clone())? };
        let mut replacement = Transaction::new(&self.table);
        replacement.replace(&keys::revision(head.id, head.revision), &revision, &revision_item)?;
        replacement.replace(&keys::article(head.id), &head, &head_item)?;
        replacement.replace(&keys::slug(&head.slug()?), &found, &slug_item)?;
        let outcome = replacement.commit().await?;
        // Left, either does no harm, so whether that succeeds is no matter.
        let unused: &ContentAddress = if outcome == TransactionOutcome::Committed { &before } else { &head.content };
        let _ = self.remove_text(unused).await;
        Ok(Some(outcome))
    }

    /// Likewise, of a project.
    async fn replace_project(
        &self,
        key: &Key,
        stored: StoredProject,
        after: &RenderedText,
    ) -> Result<Option<TransactionOutcome>, Fault> {
        let content = ProjectContent { html: after.html.clone(), renderer: after.renderer, ..stored.content };
        // A project is one item.
        let parts = packing::pack(&content)?.map(|packed| <[Vec<u8>; 1]>::try_from(packed.parts));
        let Some(Ok([content])) = parts else { return Ok(None) };
        let mut replacement = Transaction::new(&self.table);
        replacement.replace(key, &ProjectItem { content, ..stored.project }, &stored.item)?;
        replacement.commit().await.map(Some)
    }
}
