//! What is asked of the table.

use std::collections::HashMap;
#[cfg(test)]
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::attempts::{Attempts, Doubt, Failed, Patience, backoff};
use super::change::Change;
use super::client::{self, TableConfig};
use super::consumed_capacity::{self, return_consumed_capacity};
use super::embedded;
#[cfg(test)]
use super::faulty;
use super::file;
use super::item::{Expression, Item, from_item, is_at, stored};
use super::write_id::WriteId;
use crate::business::Fault;
use crate::database::error::{OpenError, readable};
use crate::database::keys::Key;

/// The most keys one batch request takes.
const BATCH: usize = 100;

/// How many requests with long responses are sent at once; the next ones wait.
const LONG_READS: usize = 8;

/// How often the keys that a batch left unprocessed are asked for again.
const BATCH_ATTEMPTS: u32 = 8;

/// What a read sees.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consistency {
    /// Everything that was written before.
    Strong,
    /// What has arrived where it reads, for half the price.
    Eventual,
}

/// The table, and the client that reaches it.
pub(in crate::database) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) attempts: Attempts,
    /// For requests whose responses may be long, a megabyte for a query and sixteen for a
    /// batch, which takes memory before anybody knows how much.
    pub(super) long_reads: Semaphore,
    /// The file of the embedded engine.
    file: Option<PathBuf>,
}

/// How the write of an item ended that did not fail.
enum Written<T> {
    /// It was made, and answered so.
    Answered(T),
    /// It was made, as the item shows.
    Found(Option<Item>),
    /// It was not made.
    ConditionFailed,
}

impl Table {
    /// A table on AWS or any DynamoDB-compatible endpoint. Nothing is sent yet.
    pub(in crate::database) fn connect(config: &TableConfig) -> Self {
        Self::new(client::connect(config), config.table.clone(), Attempts::several(), None)
    }

    /// A table on the embedded engine, in a file in `folder` or, without one, in memory.
    pub(in crate::database) fn open(folder: Option<&Path>) -> Result<Self, OpenError> {
        let file = folder.map(|folder| folder.join(embedded::FILE));
        Ok(Self::new(embedded::open(folder)?, embedded::TABLE.to_owned(), Attempts::One, file))
    }

    /// A table on the embedded engine, in a file of any name that nobody else uses.
    pub(super) fn over_file(file: &Path) -> Result<Self, Fault> {
        let client = embedded::open_file(file).map_err(Fault::failed)?;
        Ok(Self::new(client, embedded::TABLE.to_owned(), Attempts::One, Some(file.to_owned())))
    }

    /// A table on an engine in memory, to which the way is bad.
    #[cfg(test)]
    pub(in crate::database) fn faulty(plan: Arc<Mutex<VecDeque<faulty::Fault>>>) -> Self {
        let engine = faulty::FaultyEngine { engine: embedded::in_memory(), plan };
        Self::new(embedded::client(engine), embedded::TABLE.to_owned(), Attempts::several(), None)
    }

    fn new(client: Client, name: String, attempts: Attempts, file: Option<PathBuf>) -> Self {
        Self { client, name, attempts, long_reads: Semaphore::new(LONG_READS), file }
    }

    /// What it is called.
    pub(in crate::database) fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with the file of the embedded engine, a sentence each; nothing of any other.
    pub(in crate::database) async fn file_problems(&self) -> Result<Vec<String>, Fault> {
        let Some(path) = self.file.clone() else { return Ok(Vec::new()) };
        let table = self.name.clone();
        spawn_blocking(move || file::problems(&path, &table)).await.map_err(Fault::failed)?.map_err(Fault::failed)
    }

    /// Sends a request that changes nothing.
    pub(super) async fn read<T, E, F>(&self, patience: Patience, attempt: impl FnMut() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.attempts.send(patience, attempt).await.map_err(Failed::into_fault)
    }

    pub(in crate::database) async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Fault> {
        self.find(key).await?.map(from_item).transpose()
    }

    /// The item of a key as it is.
    pub(in crate::database) async fn find(&self, key: &Key) -> Result<Option<Item>, Fault> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request.consistent_read(true).set_return_consumed_capacity(return_consumed_capacity());
        let output = self.read(Patience::READ, || request.clone().send()).await?;
        consumed_capacity::record_read(output.consumed_capacity());
        if output.item.as_ref().is_some_and(|item| !is_at(item, key)) {
            return Err(Fault::failed(format!("another item is at {} {}", key.pk, key.sk)));
        }
        Ok(output.item)
    }

    /// The items of `keys` that exist and can be read, asked for one by one: one that cannot be
    /// read keeps the engine from answering for those beside it.
    pub(in crate::database) async fn find_each(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        let mut found = HashMap::with_capacity(keys.len());
        for key in keys {
            if let Some(Some(item)) = readable(&key.sk, self.find(key).await)? {
                found.insert(key.clone(), item);
            }
        }
        Ok(found)
    }

    /// The items of `keys` that exist and can be read, by their keys.
    pub(in crate::database) async fn batch_get_readable(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        match self.batch_get(keys).await {
            Err(Fault::Failed(_)) => self.find_each(keys).await,
            found => found,
        }
    }

    /// The items of `keys` that exist, by their keys.
    pub(in crate::database) async fn batch_get(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        self.batch_get_with(keys, Consistency::Strong).await
    }

    /// The items of `keys` that exist and are never changed, by their keys. They are read where they
    /// may not have arrived yet, which is cheaper, and then where they have.
    pub(in crate::database) async fn batch_get_immutable(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        let mut found = match self.batch_get_with(keys, Consistency::Eventual).await {
            Err(Fault::Failed(_)) => return self.find_each(keys).await,
            found => found?,
        };
        let missing: Vec<_> = keys.iter().filter(|key| !found.contains_key(key)).cloned().collect();
        found.extend(self.batch_get(&missing).await?);
        Ok(found)
    }

    async fn batch_get_with(&self, keys: &[Key], consistency: Consistency) -> Result<HashMap<Key, Item>, Fault> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            let mut unprocessed: Vec<Item> = keys.iter().map(Key::attributes).collect();
            let mut attempt = 0;
            while !unprocessed.is_empty() {
                if attempt == BATCH_ATTEMPTS {
                    return Err(Fault::busy("a batch stayed unprocessed"));
                }
                let before = found.len();
                unprocessed = self.batch_get_once(unprocessed, consistency, &mut found).await?;
                // More than fits into a response is asked for at once; what was throttled, later.
                if !unprocessed.is_empty() && found.len() == before {
                    backoff(attempt).await;
                }
                attempt += 1;
            }
        }
        Ok(found)
    }

    /// One batch request; returns the keys that it left unprocessed, over 16 MB or throttled.
    async fn batch_get_once(
        &self,
        keys: Vec<Item>,
        consistency: Consistency,
        found: &mut HashMap<Key, Item>,
    ) -> Result<Vec<Item>, Fault> {
        let keys = KeysAndAttributes::builder().set_keys(Some(keys));
        let keys = keys.consistent_read(consistency == Consistency::Strong).build().map_err(Fault::failed)?;
        let request = self.client.batch_get_item().request_items(&self.name, keys);
        let _permit = self.long_reads.acquire().await.map_err(Fault::failed)?;
        let request = request.set_return_consumed_capacity(return_consumed_capacity());
        let output = self.read(Patience::LONG_READ, || request.clone().send()).await?;
        consumed_capacity::record_read(output.consumed_capacity());
        for item in output.responses.unwrap_or_default().remove(&self.name).unwrap_or_default() {
            if let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) = (item.get("pk"), item.get("sk")) {
                found.insert(Key { pk: pk.clone(), sk: sk.clone() }, item);
            }
        }
        let unprocessed = output.unprocessed_keys.unwrap_or_default().remove(&self.name);
        Ok(unprocessed.map(|unprocessed| unprocessed.keys).unwrap_or_default())
    }

    /// Stores an item in the place of any that is there.
    pub(in crate::database) async fn put(&self, key: &Key, value: &impl Serialize) -> Result<(), Fault> {
        self.put_if(key, value, &Expression::default()).await.map(drop)
    }

    /// Stores an item where there is none. False if there is one.
    pub(in crate::database) async fn create(&self, key: &Key, value: &impl Serialize) -> Result<bool, Fault> {
        self.put_if(key, value, &Expression::condition("attribute_not_exists(pk)")).await
    }

    /// Stores an item under a key that nobody knows yet: whether one that may have been stored was need not
    /// be found out.
    pub(in crate::database) async fn put_unseen(&self, key: &Key, value: &impl Serialize) -> Result<(), Fault> {
        let request = self.client.put_item().table_name(&self.name).set_item(Some(stored(key, value)?));
        let request = request.set_return_consumed_capacity(return_consumed_capacity());
        let sent = self.attempts.send(Patience::LONG_READ, || request.clone().send()).await;
        consumed_capacity::record_written(sent.map_err(Failed::into_fault)?.consumed_capacity());
        Ok(())
    }

    async fn put_if(&self, key: &Key, value: &impl Serialize, condition: &Expression) -> Result<bool, Fault> {
        let id = WriteId::new();
        let mut item = stored(key, value)?;
        id.put_on(&mut item);
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let request = request.set_condition_expression(condition.condition.as_deref().map(str::to_owned));
        let request = request.set_return_consumed_capacity(return_consumed_capacity());
        let is_made = |item: Option<&Item>| Some(item.is_some_and(|item| id.is_on(item)));
        match self.write(Patience::WRITE, key, || request.clone().send(), is_made).await? {
            Written::Answered(output) => consumed_capacity::record_written(output.consumed_capacity()),
            Written::Found(_) => {}
            Written::ConditionFailed => return Ok(false),
        }
        Ok(true)
    }

    /// Changes an item and returns it as it is then; none if the condition did
    /// not hold.
    pub(in crate::database) async fn update(&self, key: &Key, change: Change) -> Result<Option<Item>, Fault> {
        let is_made = |item: Option<&Item>| change.is_made(item);
        self.update_within(Patience::WRITE, key, &(&change).into(), is_made).await
    }

    /// Makes an item that is counted on, or counts on, and returns it likewise. It is for what
    /// nobody sees, such as a number that is taken: whether it was made need not be found out.
    pub(in crate::database) async fn prepare(&self, key: &Key, expression: Expression) -> Result<Option<Item>, Fault> {
        let id = WriteId::new();
        let expression = id.in_update(expression);
        let is_made = |item: Option<&Item>| Some(item.is_some_and(|item| id.is_on(item)));
        self.update_within(Patience::READ, key, &expression, is_made).await.map_err(Fault::of_preparation)
    }

    async fn update_within(
        &self,
        patience: Patience,
        key: &Key,
        expression: &Expression,
        is_made: impl FnOnce(Option<&Item>) -> Option<bool>,
    ) -> Result<Option<Item>, Fault> {
        let request = self.client.update_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request
            .set_update_expression(expression.update.as_deref().map(str::to_owned))
            .set_condition_expression(expression.condition.as_deref().map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values(ReturnValue::AllNew)
            .set_return_consumed_capacity(return_consumed_capacity());
        match self.write(patience, key, || request.clone().send(), is_made).await? {
            Written::Answered(output) => {
                consumed_capacity::record_written(output.consumed_capacity());
                Ok(Some(output.attributes.unwrap_or_default()))
            }
            Written::Found(item) => Ok(item),
            Written::ConditionFailed => Ok(None),
        }
    }

    /// Deletes an item, if it is there.
    pub(in crate::database) async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request.set_return_consumed_capacity(return_consumed_capacity());
        if let Written::Answered(output) =
            self.write(Patience::WRITE, key, || request.clone().send(), |item| Some(item.is_none())).await?
        {
            consumed_capacity::record_written(output.consumed_capacity());
        }
        Ok(())
    }

    /// Sends a write of one item. If it may have been made without an answer, the item tells:
    /// `is_made` says whether it is as the write leaves it, or none if that cannot be told.
    async fn write<T, E, F>(
        &self,
        patience: Patience,
        key: &Key,
        attempt: impl FnMut() -> F,
        is_made: impl FnOnce(Option<&Item>) -> Option<bool>,
    ) -> Result<Written<T>, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let failed = match self.attempts.send(patience, attempt).await {
            Ok(output) => return Ok(Written::Answered(output)),
            Err(failed) => failed,
        };
        if failed.doubt > Doubt::None {
            match self.find(key).await {
                Ok(item) => match is_made(item.as_ref()) {
                    Some(true) => return Ok(Written::Found(item)),
                    Some(false) => {}
                    None => return Err(failed.into_write_fault(false)),
                },
                Err(_) => return Err(failed.into_write_fault(false)),
            }
        }
        if failed.is_condition_failed() { Ok(Written::ConditionFailed) } else { Err(failed.into_write_fault(true)) }
    }
}
