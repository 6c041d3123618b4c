//! The rows of the table: items, and the keys under which the engine has them.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rusqlite::Connection;

use crate::database::keys::Key;
use crate::database::table::checksum;
use crate::database::table::item::{Item, key_attribute};

/// A row as it is in the file.
pub(super) struct Row {
    /// The key under which the engine has it; none if that is not one.
    stored: Option<Key>,
    /// What it holds, if that can be parsed.
    item: Option<dynoxide::Item>,
    /// Whether its columns are of the types that the engine expects.
    pub(super) has_types: bool,
}

/// What is to become of a row.
pub(super) enum State {
    /// It is where it belongs, and as it was stored, as far as it says.
    Whole(Key),
    /// Its item belongs under another key than the engine has it under.
    Elsewhere(Key),
    /// The key in its item is damaged, and nothing else if the second is set.
    Renamed(Key, bool),
    /// Its item is where it belongs and not as it was stored.
    Damaged(Key),
    /// Nothing can be made of its item. It is under a key, if that is one.
    Unparseable(Option<Key>),
}

impl Row {
    /// What it is called in messages.
    pub(super) fn name(&self) -> String {
        self.stored.as_ref().map_or_else(|| "a row without a key".to_owned(), |key| format!("{} {}", key.pk, key.sk))
    }

    pub(super) fn state(&self) -> State {
        let Some(item) = self.item.as_ref().map(converted) else { return State::Unparseable(self.stored.clone()) };
        let text = |name| key_attribute(&item, name).map(str::to_owned);
        let own = text("pk").zip(text("sk")).map(|(pk, sk)| Key { pk, sk });
        let says_so = item.contains_key(checksum::CHECKSUM) && checksum::is_right(&item);
        match (own, self.stored.clone()) {
            (Some(own), Some(stored)) if own == stored => {
                if checksum::is_right(&item) {
                    State::Whole(own)
                } else {
                    State::Damaged(own)
                }
            }
            // Its checksum counts its key.
            (Some(own), _) if says_so => State::Elsewhere(own),
            (_, Some(stored)) => {
                let is_whole = checksum::is_right(&under(item, &stored));
                State::Renamed(stored, is_whole)
            }
            (own, None) => State::Unparseable(own),
        }
    }

    /// Its item as the engine's JSON, under a key; one that says that it is damaged if it cannot be
    /// parsed.
    pub(super) fn json(self, key: &Key) -> Result<serde_json::Value, serde_json::Error> {
        let damaged = || [(checksum::CHECKSUM.to_owned(), dynoxide::AttributeValue::N("-1".to_owned()))].into();
        let mut item: dynoxide::Item = self.item.unwrap_or_else(damaged);
        for (name, text) in [("pk", &key.pk), ("sk", &key.sk)] {
            item.insert(name.to_owned(), dynoxide::AttributeValue::S(text.clone()));
        }
        serde_json::to_value(item)
    }
}

/// The types of the columns that the engine reads.
const TYPES: &str = "text text text text integer";

/// How many numbers of rows are tried after one that SQLite cannot read.
const MAX_SKIPPED: usize = 64;

/// Calls `look` with each row of the table, in the order in which they are in the file, and says how
/// many SQLite could not read.
pub(super) fn each_row(
    connection: &Connection,
    table: &str,
    mut look: impl FnMut(Row),
) -> Result<usize, rusqlite::Error> {
    let (mut last, mut skipped, mut unreadable) = (0, 0, 0);
    loop {
        let before = last;
        let Err(error) = rows_after(connection, table, &mut last, &mut look) else { return Ok(unreadable) };
        if last > before {
            skipped = 0;
        }
        if skipped == MAX_SKIPPED {
            return Err(error);
        }
        unreadable += usize::from(skipped == 0);
        skipped += 1;
        last += 1;
    }
}

/// Calls `look` with each row after the `last` one, up to one that SQLite cannot read.
fn rows_after(
    connection: &Connection,
    table: &str,
    last: &mut i64,
    look: &mut impl FnMut(Row),
) -> Result<(), rusqlite::Error> {
    let columns = ["pk", "sk", "item_json"].map(|column| format!("CAST({column} AS BLOB)")).join(", ");
    let types = ["pk", "sk", "item_json", "hash_prefix", "item_size"];
    let types = types.map(|column| format!("typeof({column})")).join(" || ' ' || ");
    let rows = format!("SELECT {columns}, {types}, rowid FROM \"{table}\" NOT INDEXED WHERE rowid > ?1 ORDER BY rowid");
    let mut select = connection.prepare(&rows)?;
    let mut rows = select.query([*last])?;
    while let Some(row) = rows.next()? {
        let bytes = |column| row.get_ref(column).ok()?.as_blob_or_null().ok().flatten();
        // The engine tells texts from numbers by what is in front of them.
        let text = |column| Some(std::str::from_utf8(bytes(column)?).ok()?.strip_prefix("S:")?.to_owned());
        let stored = text(0).zip(text(1)).map(|(pk, sk)| Key { pk, sk });
        let item = bytes(2).and_then(|json| serde_json::from_slice(json).ok());
        let has_types = row.get_ref(3).is_ok_and(|types| types.as_str() == Ok(TYPES));
        *last = row.get(4)?;
        look(Row { stored, item, has_types });
    }
    Ok(())
}

/// An item under a key.
fn under(mut item: Item, key: &Key) -> Item {
    item.extend(key.attributes());
    item
}

/// An item of the engine as the SDK has items.
fn converted(item: &dynoxide::Item) -> Item {
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &dynoxide::AttributeValue) -> AttributeValue {
    use dynoxide::AttributeValue as Stored;
    match value {
        Stored::S(text) => AttributeValue::S(text.clone()),
        Stored::N(number) => AttributeValue::N(number.clone()),
        Stored::B(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        Stored::BOOL(value) => AttributeValue::Bool(*value),
        Stored::L(elements) => AttributeValue::L(elements.iter().map(attribute).collect()),
        Stored::M(attributes) => {
            let attributes = attributes.iter().map(|(name, value)| (name.clone(), attribute(value)));
            AttributeValue::M(attributes.collect::<HashMap<_, _>>())
        }
        // Null, and sets, of which we have none.
        _ => AttributeValue::Null(true),
    }
}
