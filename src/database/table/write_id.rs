//! How a write is recognised in what it has written.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::item::{Expression, Item};

/// The attribute that says which write an item was last changed by.
const ATTRIBUTE: &str = "write_id";

/// The id of a write, which no other has.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteId(Uuid);

impl WriteId {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    pub(super) fn put_on(self, item: &mut Item) {
        item.insert(ATTRIBUTE.to_owned(), self.attribute());
    }

    /// Whether an item was last changed by the write.
    pub(super) fn is_on(self, item: &Item) -> bool {
        item.get(ATTRIBUTE) == Some(&self.attribute())
    }

    /// The update that `expression` makes, which leaves the id on the item.
    pub(super) fn in_update(self, expression: &Expression) -> (String, Item) {
        let update = expression.update.unwrap_or_default();
        let update = match update.split_once("SET ") {
            Some((before, set)) => format!("{before}SET {ATTRIBUTE} = :{ATTRIBUTE}, {set}"),
            None => format!("{update} SET {ATTRIBUTE} = :{ATTRIBUTE}"),
        };
        let mut values = expression.values().unwrap_or_default();
        values.insert(format!(":{ATTRIBUTE}"), self.attribute());
        (update, values)
    }

    fn attribute(self) -> AttributeValue {
        AttributeValue::B(self.0.into_bytes().to_vec().into())
    }
}

impl fmt::Display for WriteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
