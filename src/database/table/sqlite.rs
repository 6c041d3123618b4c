//! The file of the embedded engine, as SQLite itself sees it, past the engine.
//!
//! The checksums of items say nothing of the engine's own keys, nor of the index that finds a row by
//! them: a bit flipped there hides an item. SQLite can compare the two, and the table can be made
//! again from what its items say of themselves.

use std::collections::HashSet;
use std::path::Path;

use dynoxide::AttributeValue;
use rusqlite::{Connection, OpenFlags, Row, params};
use serde_json::json;

use super::checksum::CHECKSUM;
use crate::database::keys::Key;

/// What the table is called while it is made again.
const DAMAGED: &str = "damaged";

/// The columns of a row besides its key and its item.
const OTHERS: &str = "item_size, cached_at, hash_prefix";

/// What was changed while the table was made again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::database) struct Rebuilt {
    /// How many items were under other keys than their own.
    pub(in crate::database) moved: usize,
    /// How many items the engine could not parse.
    pub(in crate::database) unparseable: usize,
}

/// What is wrong with the file, a sentence each.
pub(super) fn problems(file: &Path) -> Result<Vec<String>, rusqlite::Error> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let lines: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Makes the table again.
///
/// Rows go under the keys that their items have, but for those that are `damaged`; without that list
/// all stay where they are. In the place of an item that the engine cannot parse comes one that it
/// can, and which says that it is damaged: what is there can be read, deleted and replaced then.
pub(super) fn rebuild(file: &Path, table: &str, damaged: Option<&HashSet<Key>>) -> Result<Rebuilt, rusqlite::Error> {
    let mut connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = connection.transaction()?;
    let schema = schema(&transaction, table)?;
    transaction.execute_batch(&format!("ALTER TABLE \"{table}\" RENAME TO {DAMAGED}"))?;
    let (create_table, create_indexes) = schema.split_first().ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    transaction.execute_batch(create_table)?;
    let rebuilt = copy(&transaction, table, damaged)?;
    transaction.execute_batch(&format!("DROP TABLE {DAMAGED}"))?;
    for create_index in create_indexes {
        transaction.execute_batch(create_index)?;
    }
    transaction.commit()?;
    Ok(rebuilt)
}

/// Copies all rows, as [`rebuild`] says.
fn copy(connection: &Connection, table: &str, damaged: Option<&HashSet<Key>>) -> Result<Rebuilt, rusqlite::Error> {
    let insert = format!("INSERT OR IGNORE INTO \"{table}\" (pk, sk, item_json, {OTHERS})");
    let from = format!("FROM {DAMAGED} NOT INDEXED WHERE rowid = ?1");
    let mut as_it_is = connection.prepare(&format!("{insert} SELECT pk, sk, item_json, {OTHERS} {from}"))?;
    let mut parseable = connection.prepare(&format!("{insert} SELECT pk, sk, ?2, {OTHERS} {from}"))?;
    let mut under_its_key = connection.prepare(&format!("{insert} SELECT ?2, ?3, item_json, {OTHERS} {from}"))?;
    let mut select = connection.prepare(&format!("SELECT rowid, pk, sk, item_json FROM {DAMAGED} NOT INDEXED"))?;
    let mut rows = select.query([])?;
    let mut rebuilt = Rebuilt::default();
    let mut elsewhere = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let item: Option<dynoxide::Item> = serde_json::from_slice(bytes(row, 3)?).ok();
        match item.as_ref().map(key) {
            None => {
                parseable.execute(params![id, unparseable(row)?])?;
                rebuilt.unparseable += 1;
            }
            Some(Some(key)) if damaged.is_some_and(|damaged| !damaged.contains(&key)) && !is_under(row, &key)? => {
                elsewhere.push((id, key));
            }
            Some(_) => drop(as_it_is.execute([id])?),
        }
    }
    // Last, as there may be a copy where they belong.
    for (id, key) in &elsewhere {
        under_its_key.execute(params![id, stored(&key.pk), stored(&key.sk)])?;
    }
    rebuilt.moved = elsewhere.len();
    Ok(rebuilt)
}

/// What makes a table, and then its indexes.
fn schema(connection: &Connection, table: &str) -> Result<Vec<String>, rusqlite::Error> {
    let of_table = "FROM sqlite_master WHERE tbl_name = ?1 AND sql IS NOT NULL";
    let mut select = connection.prepare(&format!("SELECT sql {of_table} ORDER BY type = 'table' DESC"))?;
    select.query_map([table], |row| row.get(0))?.collect()
}

/// The key that an item says it has.
fn key(item: &dynoxide::Item) -> Option<Key> {
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}

/// A text as the engine has it in keys.
fn stored(text: &str) -> String {
    format!("S:{text}")
}

fn is_under(row: &Row<'_>, key: &Key) -> Result<bool, rusqlite::Error> {
    Ok(bytes(row, 1)? == stored(&key.pk).as_bytes() && bytes(row, 2)? == stored(&key.sk).as_bytes())
}

/// An item in the place of one that cannot be parsed, with what was found, and a checksum that is
/// never right.
fn unparseable(row: &Row<'_>) -> Result<String, rusqlite::Error> {
    let text = |column| bytes(row, column).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let key = |column| text(column).map(|stored| stored.get(2..).unwrap_or_default().to_owned());
    let item = json!({
        "pk": {"S": key(1)?}, "sk": {"S": key(2)?}, "damaged": {"S": text(3)?}, CHECKSUM: {"N": "-1"},
    });
    Ok(item.to_string())
}

/// A text as it is in the file, whether or not it is UTF-8.
fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], rusqlite::Error> {
    Ok(row.get_ref(column)?.as_bytes()?)
}
