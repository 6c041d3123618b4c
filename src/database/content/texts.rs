//! The texts of articles: written once, and never changed, so that they can be read where they may
//! not have arrived yet, at half the price.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::packing::{Packed, unpack_all};
use crate::business::{Fault, Text};
use crate::database::Database;
use crate::database::error::readable;
use crate::database::keys::{self, Key};
use crate::database::table::{Item, from_item};

/// Where a text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct ContentAddress {
    pub(in crate::database) id: Uuid,
    /// How many items it takes.
    pub(in crate::database) parts: usize,
    /// How many bytes it has, uncompressed.
    pub(in crate::database) bytes: usize,
}

/// A part of a text.
#[derive(Serialize, Deserialize)]
struct PartItem {
    #[serde(with = "serde_bytes")]
    content: Vec<u8>,
}

impl ContentAddress {
    /// The keys of its items, in order.
    pub(in crate::database) fn keys(&self) -> impl Iterator<Item = Key> {
        let id = self.id;
        (0..self.parts).map(move |part| keys::content_part(id, part))
    }

    /// Its parts among `items`; none if some are not there.
    ///
    /// # Errors
    /// [`Fault`] when one is damaged.
    pub(in crate::database) fn parts(&self, items: &mut HashMap<Key, Item>) -> Result<Option<Vec<Vec<u8>>>, Fault> {
        let part = |key| items.remove(&key).map(|item| from_item(item).map(|part: PartItem| part.content));
        self.keys().map(part).map(Option::transpose).collect()
    }
}

impl Database {
    /// Stores a text that nobody sees until something has its address.
    pub(in crate::database) async fn store_text(&self, packed: &Packed) -> Result<ContentAddress, Fault> {
        let address = ContentAddress { id: Uuid::now_v7(), parts: packed.parts.len(), bytes: packed.bytes };
        for (key, content) in address.keys().zip(&packed.parts) {
            self.table.put_unseen(&key, &PartItem { content: content.clone() }).await?;
        }
        Ok(address)
    }

    /// Removes a text that nothing has the address of any more.
    pub(in crate::database) async fn remove_text(&self, address: &ContentAddress) -> Result<(), Fault> {
        for key in address.keys() {
            self.table.delete(&key).await?;
        }
        Ok(())
    }

    /// The texts at these addresses, none for what is not there or cannot be read.
    pub(in crate::database) async fn texts_at(
        &self,
        addresses: &[&ContentAddress],
    ) -> Result<Vec<Option<Text>>, Fault> {
        Ok(self.texts_beside(addresses, Vec::new()).await?.0)
    }

    /// The items of keys of which hardly any is ever changed: read with eventual consistency, but for a
    /// while after this process has changed one.
    pub(in crate::database) async fn batch_get_settled(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        if self.settling.is_over() {
            self.table.batch_get_immutable(keys).await
        } else {
            self.table.batch_get(keys).await
        }
    }

    /// [`Database::texts_at`] with other items that hardly ever change, in one request.
    pub(in crate::database) async fn texts_beside(
        &self,
        addresses: &[&ContentAddress],
        others: Vec<Key>,
    ) -> Result<(Vec<Option<Text>>, HashMap<Key, Item>), Fault> {
        let texts = addresses.iter().flat_map(|address| address.keys());
        let mut items = if others.is_empty() {
            self.table.batch_get_immutable(&texts.collect::<Vec<_>>()).await?
        } else {
            self.batch_get_settled(&texts.chain(others).collect::<Vec<_>>()).await?
        };
        let mut documents = Vec::with_capacity(addresses.len());
        for address in addresses {
            let parts = readable("a text", address.parts(&mut items))?;
            if let Some(None) = parts {
                tracing::error!(text = %address.id, "a text is not there");
            }
            documents.push(parts.flatten());
        }
        let bytes = addresses.iter().map(|address| address.bytes).sum();
        let mut contents = unpack_all(documents.iter().flatten(), bytes).await?.into_iter();
        let texts = documents.iter().map(|document| {
            let content = document.as_ref().and_then(|_| contents.next());
            content.map(|content| readable("a text", content)).transpose().map(Option::flatten)
        });
        Ok((texts.collect::<Result<_, _>>()?, items))
    }
}
