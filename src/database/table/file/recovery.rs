//! Making the file again from what can be read of it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::log;
use super::rows::{State, Unreadable, each_row};
use super::sqlite::{integrity_problems, log_files, open};
use crate::business::Fault;
use crate::database::keys::Key;
use crate::database::table::embedded::{self, FILE, TABLE};
use crate::database::table::requests::Table;
use crate::database::table::schema;

/// How many items are stored in one transaction, and how many bytes of JSON at most.
const BATCH: usize = 25;
const BATCH_BYTES: usize = 4 << 20;

/// Where the rows of a file are to be, by their places in it.
#[derive(Default)]
struct Plan {
    places: HashMap<usize, Key>,
    /// How many items are moved to where they belong.
    moved: usize,
    /// How many cannot be parsed, or have a key that is damaged.
    damaged: usize,
    /// How many found their place taken.
    left: usize,
    /// The rows that SQLite cannot read.
    unreadable: Unreadable,
    /// Whether the file can stay as it is.
    is_sound: bool,
}

/// What a recovery did.
#[derive(Debug, Default)]
pub struct Recovery {
    /// What was mended, a sentence each.
    pub done: Vec<String>,
    /// What only a backup has, likewise.
    pub lost: Vec<String>,
}

/// Makes the database in `folder` again, if items in it are not where they belong, cannot be parsed, or
/// SQLite finds it damaged, and takes all of a damaged log before that. What was there is kept beside it. Says
/// what was done and what is lost; nothing if there was no reason.
pub(in crate::database) async fn recover(folder: &Path) -> Result<Recovery, Fault> {
    let file = folder.join(FILE);
    if !file.exists() {
        return Ok(Recovery::default());
    }
    let _lock = embedded::lock(folder).map_err(Fault::failed)?;
    let mut recovery = Recovery::default();
    if log::is_damaged(&file).map_err(Fault::failed)? {
        let [log, _] = log_files(&file);
        let kept = free_name(&log);
        fs::copy(&log, &kept).map_err(Fault::failed)?;
        log::accept(&file).map_err(Fault::failed)?;
        let done = "all of the damaged log was written into the database file; what it was is kept as";
        recovery.done.push(format!("{done} {}", kept.display()));
    }
    let plan = plan(&file).map_err(unreadable)?;
    if plan.is_sound {
        return Ok(recovery);
    }
    let new = folder.join(format!("{FILE}.new"));
    remove(&new).map_err(Fault::failed)?;
    let table = Table::over_file(&new)?;
    schema::create(&table).await?;
    drop(table);
    copy(&file, &new, &plan)?;
    let kept = put_in_place(&new, &file).map_err(Fault::failed)?;
    let Plan { moved, damaged, left, unreadable, .. } = plan;
    recovery.lost = unreadable.told();
    recovery.done.push(format!(
        "the database file was made again from its items: {moved} were found elsewhere, {damaged} are damaged, \
         {left} found another in their place, and {} could not be read; what it was is kept as {}",
        recovery.lost.len(),
        kept.display()
    ));
    Ok(recovery)
}

fn unreadable(error: rusqlite::Error) -> Fault {
    Fault::failed(format!("the database file cannot be read through, put back a backup: {error}"))
}

/// Looks where the rows belong. What is whole comes before what is not, and what is where it belongs
/// before what is not.
fn plan(file: &Path) -> Result<Plan, rusqlite::Error> {
    let connection = open(file)?;
    let mut plan = Plan { is_sound: integrity_problems(&connection)?.is_empty(), ..Plan::default() };
    let mut ranks: [Vec<(usize, Option<Key>)>; 4] = Default::default();
    let mut place = 0;
    let unreadable = each_row(&connection, TABLE, |row| {
        let state = row.state();
        plan.is_sound &= row.has_types && matches!(state, State::Whole(_) | State::Damaged(_));
        let (rank, key) = match state {
            State::Whole(key) | State::Renamed(key, true) => (0, Some(key)),
            State::Elsewhere(key) => {
                plan.moved += 1;
                (1, Some(key))
            }
            State::Damaged(key) => (2, Some(key)),
            State::Renamed(key, false) => {
                plan.damaged += 1;
                (3, Some(key))
            }
            State::Unparseable(key) => {
                plan.damaged += 1;
                (3, key)
            }
        };
        ranks[rank].push((place, key));
        place += 1;
    })?;
    plan.is_sound &= unreadable.is_empty();
    plan.unreadable = unreadable;
    let mut taken = HashSet::new();
    for (place, key) in ranks.into_iter().flatten() {
        match key.filter(|key| taken.insert(key.clone())) {
            Some(key) => drop(plan.places.insert(place, key)),
            None => plan.left += 1,
        }
    }
    Ok(plan)
}

/// Copies the rows to where they are planned to be.
fn copy(from: &Path, to: &Path, plan: &Plan) -> Result<(), Fault> {
    let connection = open(from).map_err(unreadable)?;
    let engine = dynoxide::Database::new(&to.to_string_lossy()).map_err(Fault::failed)?;
    let (mut batch, mut bytes, mut place) = (Vec::new(), 0, 0);
    let mut outcome = Ok(());
    let mut add = |item: Option<Value>| -> Result<(), Fault> {
        bytes += item.as_ref().map_or(0, |item| item.to_string().len());
        let is_last = item.is_none();
        batch.extend(item);
        if batch.len() == BATCH || bytes > BATCH_BYTES || is_last && !batch.is_empty() {
            bytes = 0;
            store(&engine, std::mem::take(&mut batch))?;
        }
        Ok(())
    };
    each_row(&connection, TABLE, |row| {
        if let (Some(key), Ok(())) = (plan.places.get(&place), &outcome) {
            outcome = row.json(key).map_err(Fault::failed).and_then(|item| add(Some(item)));
        }
        place += 1;
    })
    .map_err(unreadable)?;
    outcome?;
    add(None)
}

/// Stores items in one transaction.
fn store(engine: &dynoxide::Database, items: Vec<Value>) -> Result<(), Fault> {
    let actions: Vec<_> = items.into_iter().map(|item| json!({"Put": {"TableName": TABLE, "Item": item}})).collect();
    let request = serde_json::from_value(json!({"TransactItems": actions})).map_err(Fault::failed)?;
    engine.transact_write_items(request).map(drop).map_err(Fault::failed)
}

/// Puts a new file in the place of one, and returns where that is kept.
fn put_in_place(new: &Path, file: &Path) -> io::Result<PathBuf> {
    let kept = free_name(file);
    for (log, kept) in log_files(file).iter().zip(log_files(&kept)) {
        if log.exists() {
            fs::rename(log, kept)?;
        }
    }
    fs::rename(file, &kept)?;
    fs::rename(new, file)?;
    File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(kept)
}

/// A name beside `file` for what was damaged, which nothing has.
fn free_name(file: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        if !Path::new(&name).exists() {
            return name.into();
        }
        number += 1;
    }
}

/// Removes what is left of a recovery that broke off.
fn remove(file: &Path) -> io::Result<()> {
    for path in [file.to_owned()].into_iter().chain(log_files(file)) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
