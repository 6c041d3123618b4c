//! The requests that everything is built from. All reads are strongly
//! consistent: whoever wrote something sees it.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnValue, TransactWriteItem, Update,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::consumed_capacity::{self, return_consumed_capacity};
use super::item::{Expression, Item, bytes_of, from_item, text, to_item};
use super::keys::Key;
use crate::business::{Fault, memory};

/// The most keys one batch request takes.
const BATCH: usize = 100;

/// How many requests with long responses are sent at once; the next ones wait.
const LONG_READS: usize = 8;

/// How often the keys that a batch left unprocessed are asked for again.
const BATCH_ATTEMPTS: u32 = 8;

/// The table, and the client that reaches it.
pub(super) struct Table {
    pub(super) client: Client,
    pub(super) name: String,
    /// For requests whose responses may be long, a megabyte for a query and sixteen for a
    /// batch, which takes memory before anybody knows how much.
    long_reads: Semaphore,
}

/// How a transaction ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TransactionOutcome {
    Committed,
    /// The conditions of these actions did not hold; nothing was changed.
    ConditionsFailed(Vec<usize>),
    /// Another transaction was at the same items; nothing was changed.
    Conflict,
}

impl Table {
    pub(super) fn new(client: Client, name: String) -> Self {
        Self { client, name, long_reads: Semaphore::new(LONG_READS) }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Fault> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request.consistent_read(true).set_return_consumed_capacity(return_consumed_capacity());
        let output = request.send().await.map_err(fault)?;
        consumed_capacity::record_read(output.consumed_capacity());
        output.item.map(from_item).transpose()
    }

    /// All items of a partition, or those with sort keys in a range, in order. None if they
    /// have more than `max_bytes` together.
    pub(super) async fn query(
        &self,
        pk: &str,
        range: Option<RangeInclusive<String>>,
        max_bytes: usize,
    ) -> Result<Option<Vec<Item>>, Fault> {
        self.all_pages(self.query_request(pk, range), max_bytes).await
    }

    /// The sort keys of a partition in a range, in order.
    pub(super) async fn query_sort_keys(&self, pk: &str, range: RangeInclusive<String>) -> Result<Vec<String>, Fault> {
        let request = self.query_request(pk, Some(range)).projection_expression("sk");
        let items = self.all_pages(request, usize::MAX).await?.unwrap_or_default();
        let sort_key = |mut item: Item| match item.remove("sk") {
            Some(AttributeValue::S(sk)) => Some(sk),
            _ => None,
        };
        Ok(items.into_iter().filter_map(sort_key).collect())
    }

    async fn all_pages(&self, request: QueryFluentBuilder, max_bytes: usize) -> Result<Option<Vec<Item>>, Fault> {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut start = None;
        loop {
            let _permit = self.long_reads.acquire().await.map_err(Fault::failed)?;
            let output = request.clone().set_exclusive_start_key(start).send().await.map_err(fault)?;
            consumed_capacity::record_read(output.consumed_capacity());
            let found = output.items.unwrap_or_default();
            let more = found.iter().map(bytes_of).sum();
            bytes += more;
            if bytes > max_bytes {
                return Ok(None);
            }
            memory::reserve(more)?;
            items.extend(found);
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(Some(items));
            }
        }
    }

    /// Up to `limit` items of a partition with sort keys in a range, last ones first.
    pub(super) async fn query_backward(
        &self,
        pk: &str,
        range: RangeInclusive<String>,
        limit: u32,
    ) -> Result<Vec<Item>, Fault> {
        let limit = i32::try_from(limit).map_err(Fault::failed)?;
        let request = self.query_request(pk, Some(range)).scan_index_forward(false).limit(limit);
        let output = request.send().await.map_err(fault)?;
        consumed_capacity::record_read(output.consumed_capacity());
        Ok(output.items.unwrap_or_default())
    }

    fn query_request(&self, pk: &str, range: Option<RangeInclusive<String>>) -> QueryFluentBuilder {
        let condition = if range.is_some() { "pk = :pk AND sk BETWEEN :from AND :to" } else { "pk = :pk" };
        let mut values = HashMap::from([(":pk".to_owned(), text(pk))]);
        if let Some(range) = range {
            let (from, to) = range.into_inner();
            values.extend([(":from".to_owned(), text(from)), (":to".to_owned(), text(to))]);
        }
        let request = self.client.query().table_name(&self.name).key_condition_expression(condition);
        let request = request.set_expression_attribute_values(Some(values));
        request.consistent_read(true).set_return_consumed_capacity(return_consumed_capacity())
    }

    /// The items of `keys` that exist, by their keys.
    pub(super) async fn batch_get(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Fault> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            let mut unprocessed: Vec<Item> = keys.iter().map(Key::attributes).collect();
            let mut attempt = 0;
            while !unprocessed.is_empty() {
                if attempt == BATCH_ATTEMPTS {
                    return Err(Fault::busy("a batch stayed unprocessed"));
                }
                if attempt > 0 && found.is_empty() {
                    backoff(attempt).await;
                }
                attempt += 1;
                unprocessed = self.batch_get_once(unprocessed, &mut found).await?;
            }
        }
        Ok(found)
    }

    /// One batch request; returns the keys that it left unprocessed, over 16 MB or throttled.
    async fn batch_get_once(&self, keys: Vec<Item>, found: &mut HashMap<Key, Item>) -> Result<Vec<Item>, Fault> {
        let keys =
            KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build().map_err(Fault::failed)?;
        let request = self.client.batch_get_item().request_items(&self.name, keys);
        let _permit = self.long_reads.acquire().await.map_err(Fault::failed)?;
        let output = request.set_return_consumed_capacity(return_consumed_capacity()).send().await.map_err(fault)?;
        consumed_capacity::record_read(output.consumed_capacity());
        for item in output.responses.unwrap_or_default().remove(&self.name).unwrap_or_default() {
            if let (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) = (item.get("pk"), item.get("sk")) {
                found.insert(Key { pk: pk.clone(), sk: sk.clone() }, item);
            }
        }
        let unprocessed = output.unprocessed_keys.unwrap_or_default().remove(&self.name);
        Ok(unprocessed.map(|unprocessed| unprocessed.keys).unwrap_or_default())
    }

    pub(super) async fn put(&self, key: &Key, value: &impl Serialize) -> Result<(), Fault> {
        let mut item = to_item(value)?;
        item.extend(key.attributes());
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let output = request.set_return_consumed_capacity(return_consumed_capacity()).send().await.map_err(fault)?;
        consumed_capacity::record_written(output.consumed_capacity());
        Ok(())
    }

    /// Changes an item and returns it as it is then; none if the condition did
    /// not hold.
    pub(super) async fn update(&self, key: &Key, expression: Expression) -> Result<Option<Item>, Fault> {
        let request = self.client.update_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request
            .set_update_expression(expression.update.map(str::to_owned))
            .set_condition_expression(expression.condition.map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values());
        let request =
            request.return_values(ReturnValue::AllNew).set_return_consumed_capacity(return_consumed_capacity());
        match request.send().await {
            Ok(output) => {
                consumed_capacity::record_written(output.consumed_capacity());
                Ok(Some(output.attributes.unwrap_or_default()))
            }
            Err(error) => condition_failed(error).map(|()| None),
        }
    }

    /// Deletes an item. False if the condition did not hold.
    pub(super) async fn delete(&self, key: &Key, expression: Expression) -> Result<bool, Fault> {
        let request = self.client.delete_item().table_name(&self.name).set_key(Some(key.attributes()));
        let request = request
            .set_condition_expression(expression.condition.map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values());
        match request.set_return_consumed_capacity(return_consumed_capacity()).send().await {
            Ok(output) => {
                consumed_capacity::record_written(output.consumed_capacity());
                Ok(true)
            }
            Err(error) => condition_failed(error).map(|()| false),
        }
    }

    /// An action that stores an item where there is none.
    pub(super) fn put_if_absent_action(&self, key: &Key, value: &impl Serialize) -> Result<TransactWriteItem, Fault> {
        self.conditional_put_action(key, value, Some("attribute_not_exists(pk)"))
    }

    /// An action that stores an item in the place of any that is there.
    pub(super) fn put_action(&self, key: &Key, value: &impl Serialize) -> Result<TransactWriteItem, Fault> {
        self.conditional_put_action(key, value, None)
    }

    fn conditional_put_action(
        &self,
        key: &Key,
        value: &impl Serialize,
        condition: Option<&str>,
    ) -> Result<TransactWriteItem, Fault> {
        let mut item = to_item(value)?;
        item.extend(key.attributes());
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        let put = put.set_condition_expression(condition.map(str::to_owned)).build().map_err(Fault::failed)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// An action that changes nothing and looks whether a condition holds.
    pub(super) fn condition_check_action(
        &self,
        key: &Key,
        expression: &Expression,
    ) -> Result<TransactWriteItem, Fault> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .set_condition_expression(expression.condition.map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// An action that changes an item.
    pub(super) fn update_action(&self, key: &Key, expression: &Expression) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key.attributes()))
            .set_update_expression(expression.update.map(str::to_owned))
            .set_condition_expression(expression.condition.map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// All of the actions or none. The SDK gives each call a token, so that one
    /// that it retries by itself, after an answer was lost, is done once.
    pub(super) async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<TransactionOutcome, Fault> {
        let request = self.client.transact_write_items().set_transact_items(Some(actions));
        match request.set_return_consumed_capacity(return_consumed_capacity()).send().await {
            Ok(output) => {
                consumed_capacity::record_written(output.consumed_capacity());
                Ok(TransactionOutcome::Committed)
            }
            Err(error) => {
                let outcome = cancelled(&error);
                let fault = fault(error);
                outcome.ok_or(fault)
            }
        }
    }
}

/// Why a transaction was cancelled, if that is for a reason that we expect.
fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<TransactionOutcome> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    let failed = codes.iter().enumerate().filter(|(_, code)| **code == "ConditionalCheckFailed");
    let failed: Vec<usize> = failed.map(|(index, _)| index).collect();
    match () {
        () if !failed.is_empty() => Some(TransactionOutcome::ConditionsFailed(failed)),
        () if codes.contains(&"TransactionConflict") => Some(TransactionOutcome::Conflict),
        () => None,
    }
}

/// Whether an error says only that a condition did not hold.
fn condition_failed<E, R>(error: SdkError<E, R>) -> Result<(), Fault>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let condition_failed =
        error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ConditionalCheckFailedException");
    let fault = fault(error);
    if condition_failed { Ok(()) } else { Err(fault) }
}

/// An error of the SDK as one of ours.
pub(super) fn fault<E, R>(error: SdkError<E, R>) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    consumed_capacity::record_failed();
    let Some(service_error) = error.as_service_error().map(ProvideErrorMetadata::meta) else {
        return Fault::failed(DisplayErrorContext(error).to_string());
    };
    let code = service_error.code().unwrap_or("unknown");
    let source = format!("{code}: {}", service_error.message().unwrap_or("no message"));
    if THROTTLING.contains(&code) { Fault::busy(source) } else { Fault::failed(source) }
}

/// The error codes of what may succeed a moment later.
const THROTTLING: [&str; 6] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Waits before another attempt: twice as long each time, with jitter so that
/// those who collided do not collide again.
pub(super) async fn backoff(attempt: u32) {
    let longest = 10_u64 << attempt.min(6);
    tokio::time::sleep(Duration::from_millis(rand::random_range(longest / 2..=longest))).await;
}
