//! Damaged items, of which the embedded engine can make nothing.
//!
//! It takes such an item for one that is not there: a condition that there be none holds, a
//! counter begins anew, and whoever asks for it by its key is told nothing. So the keys of a
//! write are looked up before it, and that of a read which found nothing after it, in the one way in
//! which the engine complains.

use std::collections::HashMap;

use dynoxide::{Database, DynoxideError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The key attributes of an item, or of a key.
#[derive(Deserialize)]
struct Key {
    pk: Value,
    sk: Value,
}

/// What a request, or an action of a transaction, says about the item that was there.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    table_name: String,
    #[serde(alias = "Item")]
    key: Key,
    condition_expression: Option<String>,
    update_expression: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Transaction {
    transact_items: Vec<HashMap<String, Action>>,
}

/// Looks whether the engine can read the items that a request depends on.
pub(super) fn look(database: &Database, operation: &str, body: &str) -> Result<(), DynoxideError> {
    let actions: Vec<Action> = match operation {
        "TransactWriteItems" => parsed::<Transaction>(body)
            .into_iter()
            .flat_map(|transaction| transaction.transact_items)
            .flat_map(HashMap::into_values)
            .collect(),
        "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => parsed(body).into_iter().collect(),
        _ => return Ok(()),
    };
    // What is put or deleted without a condition takes the place of anything.
    let depends = |action: &Action| {
        operation == "GetItem" || action.condition_expression.is_some() || action.update_expression.is_some()
    };
    let actions: Vec<_> = actions.iter().filter(|action| depends(action)).collect();
    let Some(first) = actions.first() else { return Ok(()) };
    let keys: Vec<_> = actions.iter().map(|Action { key, .. }| json!({"pk": key.pk, "sk": key.sk})).collect();
    let table = &first.table_name;
    let request = json!({"RequestItems": {table: {"Keys": keys, "ProjectionExpression": "pk"}}});
    let request =
        serde_json::from_value(request).map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    database.batch_get_item(request).map(drop)
}

/// What is no such request is refused by the engine itself.
fn parsed<'b, T: Deserialize<'b>>(body: &'b str) -> Option<T> {
    serde_json::from_str(body).ok()
}
