//! How a write is recognised in what it has written.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::checksum::WRITE_ID;
use super::item::{Expression, Item};

/// The id of a write, which no other has.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteId(Uuid);

impl WriteId {
    pub(super) fn new() -> Self {
        Self(Uuid::new_v4())
    }

    pub(super) fn put_on(self, item: &mut Item) {
        item.insert(WRITE_ID.to_owned(), self.attribute());
    }

    /// Whether an item was last changed by the write.
    pub(super) fn is_on(self, item: &Item) -> bool {
        item.get(WRITE_ID) == Some(&self.attribute())
    }

    /// An update that leaves the id on the item as well.
    pub(super) fn in_update(self, mut expression: Expression) -> Expression {
        let update = expression.update.as_deref().unwrap_or_default();
        let update = match update.split_once("SET ") {
            Some((before, set)) => format!("{before}SET {WRITE_ID} = :{WRITE_ID}, {set}"),
            None => format!("{update} SET {WRITE_ID} = :{WRITE_ID}"),
        };
        expression.update = Some(update.into());
        expression.value(&format!(":{WRITE_ID}"), self.attribute())
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
