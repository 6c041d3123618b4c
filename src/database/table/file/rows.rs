//! The rows of the table: items, and the keys under which the engine has them.

use std::collections::{HashMap, HashSet};

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
    /// Its number in the file, if that is known.
    rowid: Option<i64>,
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

/// The rows that cannot be read.
#[derive(Default)]
pub(super) struct Unreadable {
    /// Those of which the index still has the keys.
    keys: Vec<Key>,
    /// How many there are at least.
    count: usize,
}

impl Unreadable {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.keys.is_empty()
    }

    /// Which they are, a sentence each.
    pub(super) fn told(&self) -> Vec<String> {
        if self.keys.is_empty() && self.count > 0 {
            return vec![format!("rows of the database file that cannot be read: {}", self.count)];
        }
        let told = |key: &Key| format!("{} {} cannot be read in the database file", key.pk, key.sk);
        self.keys.iter().map(told).collect()
    }
}

/// Calls `look` with each row of the table: first in the order in which they are in the file, then those
/// that are found by their keys only. Says which could not be read.
pub(super) fn each_row(
    connection: &Connection,
    table: &str,
    mut look: impl FnMut(Row),
) -> Result<Unreadable, rusqlite::Error> {
    let mut unreadable = Unreadable::default();
    let mut seen = Seen::default();
    let mut noted = |row: Row| {
        seen.note(&row);
        look(row);
    };
    let (mut last, mut skipped) = (0, 0);
    while let Err(error) = rows_after(connection, table, &mut last, &mut noted) {
        // One of which some columns can be read is one that can.
        if let Ok((rowid, row)) = row_after(connection, table, last) {
            (last, skipped) = (rowid, 0);
            noted(row);
            continue;
        }
        if skipped == MAX_SKIPPED {
            return Err(error);
        }
        unreadable.count += usize::from(skipped == 0);
        skipped += 1;
        last += 1;
    }
    let missing: Vec<_> = index(connection, table).into_iter().filter(|entry| !seen.has(entry)).collect();
    for Entry { key, rowid } in missing {
        match row_of(connection, table, &key) {
            Ok(row) if !seen.rowids.contains(&rowid) => look(row),
            _ => unreadable.keys.push(key),
        }
    }
    Ok(unreadable)
}

/// What was found in the table, before its index is compared with that.
#[derive(Default)]
struct Seen {
    rowids: HashSet<i64>,
    /// Those of rows whose own items say where they belong.
    known: HashSet<i64>,
    keys: HashSet<Key>,
}

impl Seen {
    fn note(&mut self, row: &Row) {
        self.rowids.extend(row.rowid);
        self.keys.extend(row.stored.clone());
        if let State::Whole(key) | State::Elsewhere(key) | State::Damaged(key) | State::Renamed(key, true) = row.state()
        {
            self.known.extend(row.rowid);
            self.keys.insert(key);
        }
    }

    /// Whether the row of an entry was, also if the entry is what is damaged.
    fn has(&self, entry: &Entry) -> bool {
        self.keys.contains(&entry.key) || self.known.contains(&entry.rowid)
    }
}

const COLUMNS: &str = "CAST(pk AS BLOB), CAST(sk AS BLOB), CAST(item_json AS BLOB)";

/// Calls `look` with each row after the `last` one, up to one that SQLite cannot read.
fn rows_after(
    connection: &Connection,
    table: &str,
    last: &mut i64,
    look: &mut impl FnMut(Row),
) -> Result<(), rusqlite::Error> {
    let types = ["pk", "sk", "item_json", "hash_prefix", "item_size"];
    let types = types.map(|column| format!("typeof({column})")).join(" || ' ' || ");
    let rows = format!("SELECT {COLUMNS}, {types}, rowid FROM \"{table}\" NOT INDEXED WHERE rowid > ?1 ORDER BY rowid");
    let mut select = connection.prepare(&rows)?;
    let mut rows = select.query([*last])?;
    while let Some(row) = rows.next()? {
        let has_types = row.get_ref(3).is_ok_and(|types| types.as_str() == Ok(TYPES));
        *last = row.get(4)?;
        look(Row { has_types, rowid: Some(*last), ..Row::from(row) });
    }
    Ok(())
}

/// The row after the `last` one and its number, as far as it can be read.
fn row_after(connection: &Connection, table: &str, last: i64) -> Result<(i64, Row), rusqlite::Error> {
    let next = format!("SELECT rowid FROM \"{table}\" NOT INDEXED WHERE rowid > ?1 ORDER BY rowid LIMIT 1");
    let rowid: i64 = connection.query_row(&next, [last], |row| row.get(0))?;
    let row = format!("SELECT {COLUMNS} FROM \"{table}\" NOT INDEXED WHERE rowid = ?1");
    connection.query_row(&row, [rowid], |row| Ok((rowid, Row { rowid: Some(rowid), ..Row::from(row) })))
}

/// An entry of the index.
struct Entry {
    key: Key,
    rowid: i64,
}

/// The index of the table, as far as it can be read.
fn index(connection: &Connection, table: &str) -> Vec<Entry> {
    let all = format!("SELECT CAST(pk AS BLOB), CAST(sk AS BLOB), rowid FROM \"{table}\" ORDER BY pk, sk");
    let Ok(mut select) = connection.prepare(&all) else { return Vec::new() };
    let entry = |row: &rusqlite::Row| Ok(stored_key(row).map(|key| row.get(2).map(|rowid| Entry { key, rowid })));
    let Ok(rows) = select.query_map([], entry) else { return Vec::new() };
    rows.map_while(Result::ok).flatten().filter_map(Result::ok).collect()
}

/// The row that the index has under a key.
fn row_of(connection: &Connection, table: &str, key: &Key) -> Result<Row, rusqlite::Error> {
    let row = format!("SELECT {COLUMNS} FROM \"{table}\" WHERE pk = ?1 AND sk = ?2");
    let [pk, sk] = [&key.pk, &key.sk].map(|text| format!("S:{text}"));
    connection.query_row(&row, [pk, sk], |row| Ok(Row::from(row)))
}

impl From<&rusqlite::Row<'_>> for Row {
    /// Its [`COLUMNS`], of which no more is known.
    fn from(row: &rusqlite::Row) -> Self {
        let item = column(row, 2).and_then(|json| serde_json::from_slice(json).ok());
        Self { stored: stored_key(row), item, rowid: None, has_types: false }
    }
}

fn stored_key(row: &rusqlite::Row) -> Option<Key> {
    // The engine tells texts from numbers by what is in front of them.
    let text = |index| Some(std::str::from_utf8(column(row, index)?).ok()?.strip_prefix("S:")?.to_owned());
    text(0).zip(text(1)).map(|(pk, sk)| Key { pk, sk })
}

fn column<'r>(row: &'r rusqlite::Row, index: usize) -> Option<&'r [u8]> {
    row.get_ref(index).ok()?.as_blob_or_null().ok().flatten()
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
