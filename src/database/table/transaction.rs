//! Changes of several items, all or none.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Serialize;

use super::attempts::{Doubt, Failed, Patience, backoff};
use super::change::Change;
use super::checksum::CHECKSUM;
use super::consumed_capacity::{self, return_consumed_capacity};
use super::item::{Expression, Item, stored};
use super::requests::Table;
use super::write_id::WriteId;
use crate::business::Fault;
use crate::database::keys::Key;

/// How a transaction ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::database) enum TransactionOutcome {
    Committed,
    /// The conditions of these actions did not hold; nothing was changed.
    ConditionsFailed(Vec<usize>),
    /// Another transaction was at the same items, or there are too many requests for one of
    /// them; nothing was changed.
    Conflict,
}

/// Actions that are done together or not at all.
///
/// The first item that it stores carries its id, by which it is found out whether it was
/// committed when its answer was lost.
pub(in crate::database) struct Transaction<'t> {
    table: &'t Table,
    id: WriteId,
    actions: Vec<TransactWriteItem>,
    /// The item that carries the id.
    proof: Option<Key>,
}

impl<'t> Transaction<'t> {
    pub(in crate::database) fn new(table: &'t Table) -> Self {
        Self { table, id: WriteId::new(), actions: Vec::new(), proof: None }
    }

    /// Stores an item where there is none. Returns the number of the action.
    pub(in crate::database) fn create(&mut self, key: &Key, value: &impl Serialize) -> Result<usize, Fault> {
        self.put_if(key, value, &Expression::condition("attribute_not_exists(pk)"))
    }

    /// Stores an item in the place of any that is there.
    pub(in crate::database) fn put(&mut self, key: &Key, value: &impl Serialize) -> Result<usize, Fault> {
        self.put_if(key, value, &Expression::default())
    }

    /// Stores an item where a condition holds of the one that is there, or of there being none.
    pub(in crate::database) fn put_if(
        &mut self,
        key: &Key,
        value: &impl Serialize,
        condition: &Expression,
    ) -> Result<usize, Fault> {
        let mut item = stored(key, value)?;
        if self.proof.is_none() {
            self.proof = Some(key.clone());
            self.id.put_on(&mut item);
        }
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .set_condition_expression(condition.condition.as_deref().map(str::to_owned))
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(self.add(TransactWriteItem::builder().put(put).build()))
    }

    /// Stores an item in the place of one that still is as it was read.
    pub(in crate::database) fn replace(
        &mut self,
        key: &Key,
        value: &impl Serialize,
        before: &Item,
    ) -> Result<usize, Fault> {
        self.put_if(key, value, &unchanged(before))
    }

    /// Changes nothing and looks whether a condition holds.
    pub(in crate::database) fn check(&mut self, key: &Key, expression: &Expression) -> Result<usize, Fault> {
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .set_condition_expression(expression.condition.as_deref().map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(self.add(TransactWriteItem::builder().condition_check(check).build()))
    }

    /// Changes an item.
    pub(in crate::database) fn update(&mut self, key: &Key, change: Change) -> Result<usize, Fault> {
        let expression = Expression::from(&change);
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .set_update_expression(expression.update.as_deref().map(str::to_owned))
            .set_condition_expression(expression.condition.as_deref().map(str::to_owned))
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(self.add(TransactWriteItem::builder().update(update).build()))
    }

    /// Deletes an item that is there.
    pub(in crate::database) fn delete(&mut self, key: &Key) -> Result<usize, Fault> {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(Fault::failed)?;
        Ok(self.add(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Deletes an item that still is as it was read.
    pub(in crate::database) fn remove(&mut self, key: &Key, before: &Item) -> Result<usize, Fault> {
        let unchanged = unchanged(before);
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.attributes()))
            .set_condition_expression(unchanged.condition.as_deref().map(str::to_owned))
            .set_expression_attribute_values(unchanged.values())
            .build()
            .map_err(Fault::failed)?;
        Ok(self.add(TransactWriteItem::builder().delete(delete).build()))
    }

    fn add(&mut self, action: TransactWriteItem) -> usize {
        self.actions.push(action);
        self.actions.len() - 1
    }

    /// Commits it. An attempt that was carried out while its answer was lost is not carried
    /// out again.
    ///
    /// # Errors
    /// [`Fault::Unknown`] when nobody can tell whether it was committed.
    pub(in crate::database) async fn commit(&self) -> Result<TransactionOutcome, Fault> {
        let request = self.table.client.transact_write_items().set_transact_items(Some(self.actions.clone()));
        let request = request.client_request_token(self.id.to_string());
        let request = request.set_return_consumed_capacity(return_consumed_capacity());
        let mut doubt = Doubt::None;
        for attempt in 0.. {
            let mut failed = match self.table.attempts.send(Patience::WRITE, || request.clone().send()).await {
                Ok(output) => {
                    consumed_capacity::record_written(output.consumed_capacity());
                    return Ok(TransactionOutcome::Committed);
                }
                Err(failed) => failed,
            };
            failed.doubt = failed.doubt.max(doubt);
            doubt = failed.doubt;
            let cancelled = cancelled(&failed);
            if doubt == Doubt::None {
                return cancelled.ok_or_else(|| failed.into_fault());
            }
            match (self.is_committed().await, cancelled) {
                (Some(true), _) => return Ok(TransactionOutcome::Committed),
                // What did not hold for this attempt holds for none that may be on its way.
                (Some(false), Some(conditions @ TransactionOutcome::ConditionsFailed(_))) => return Ok(conditions),
                // Perhaps with an attempt of its own.
                (Some(false), Some(TransactionOutcome::Conflict)) if attempt < CONFLICTS => backoff(attempt).await,
                (committed, _) => return Err(failed.into_write_fault(committed == Some(false))),
            }
        }
        unreachable!("the loop has no end")
    }

    /// Whether it was committed, as far as the store can be asked.
    async fn is_committed(&self) -> Option<bool> {
        match self.table.find(self.proof.as_ref()?).await {
            Ok(item) => Some(item.is_some_and(|item| self.id.is_on(&item))),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot look whether a transaction was committed"
                );
                None
            }
        }
    }
}

/// That an item still is as it was read.
fn unchanged(before: &Item) -> Expression {
    match before.get(CHECKSUM) {
        Some(sum) => Expression::condition("item_checksum = :sum").value(":sum", sum.clone()),
        None => Expression::condition("attribute_exists(pk) AND attribute_not_exists(item_checksum)"),
    }
}

/// How often a transaction that may have been committed is sent again after a conflict.
const CONFLICTS: u32 = 8;

/// Reasons that may be gone a moment later.
const TRY_AGAIN: [&str; 3] = ["ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"];

/// Why a transaction was cancelled, if that is for a reason that we expect.
fn cancelled(failed: &Failed<SdkError<TransactWriteItemsError, HttpResponse>>) -> Option<TransactionOutcome> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = failed.error.as_service_error() else {
        return None;
    };
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    let failed = codes.iter().enumerate().filter(|(_, code)| **code == "ConditionalCheckFailed");
    let failed: Vec<usize> = failed.map(|(index, _)| index).collect();
    match () {
        () if !failed.is_empty() => Some(TransactionOutcome::ConditionsFailed(failed)),
        () if codes.iter().any(|code| TRY_AGAIN.contains(code)) => Some(TransactionOutcome::Conflict),
        () => None,
    }
}
