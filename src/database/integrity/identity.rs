//! Whether the files in a folder are those that were there before.
//!
//! The store on the embedded engine has an id, in an item and in a file beside the engine's, and
//! the file has counts of what there was. Whoever loses one of the two, or puts another in its
//! place, is told so, rather than served an empty site.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::business::Fault;
use crate::database::counters::Counter;
use crate::database::error::{OpenError, readable};
use crate::database::keys::{self, Key};
use crate::database::table::{DATABASE_FILE, Table};

/// The file, in the data folder.
const FILE: &str = "store.json";

/// The folder of images in the data folder, which this store may belong to.
const OBJECTS: &str = "objects";

/// What is recorded of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct Record {
    /// The id of the store.
    id: String,
    #[serde(flatten)]
    counts: Counts,
    /// Of all the rest; files of before have none.
    #[serde(default)]
    checksum: Option<u32>,
}

impl Record {
    fn new(id: String, counts: Counts) -> Self {
        let checksum = crc32fast::hash(format!("{id} {counts}").as_bytes());
        Self { id, counts, checksum: Some(checksum) }
    }

    /// What a file says.
    fn parse(json: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        match record.checksum {
            Some(_) if Self::new(record.id.clone(), record.counts) != record => {
                Err("its checksum is another".to_owned())
            }
            _ => Ok(record),
        }
    }
}

/// How much there was: as nothing of it is ever taken away, there is as much or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::database) struct Counts {
    pub(super) accounts: u64,
    pub(super) articles: u64,
    #[serde(default)]
    pub(super) projects: u64,
}

#[derive(Serialize, Deserialize)]
struct IdItem {
    id: String,
}

impl Counts {
    /// What the table says, or what was recorded `before` where that cannot be read.
    async fn of(table: &Table, before: Self) -> Result<Self, Fault> {
        let number = async |what, key: Key| {
            let counter: Result<Option<Counter>, Fault> = table.get(&key).await;
            Ok::<_, Fault>(readable(what, counter)?.map(|counter| counter.map_or(0, |counter| counter.last)))
        };
        let accounts = number("the counter of accounts", keys::account_counter()).await?;
        let projects = number("the counter of projects", keys::project_counter()).await?;
        let articles = number("the counter of articles", keys::article_counter()).await?;
        Ok(Self {
            accounts: accounts.unwrap_or(before.accounts),
            articles: articles.unwrap_or(before.articles),
            projects: projects.unwrap_or(before.projects),
        })
    }

    /// Whether there is less of anything than `before`.
    fn is_less_than(self, before: Self) -> bool {
        self.accounts < before.accounts || self.articles < before.articles || self.projects < before.projects
    }

    /// The most that there is of each.
    fn max(self, other: Self) -> Self {
        Self {
            accounts: self.accounts.max(other.accounts),
            articles: self.articles.max(other.articles),
            projects: self.projects.max(other.projects),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accounts: {}, articles: {}, projects: {}", self.accounts, self.articles, self.projects)
    }
}

/// A folder that a store is about to be opened in.
pub(in crate::database) struct Folder {
    path: PathBuf,
    record: Option<Record>,
}

impl Folder {
    /// Reads what is recorded, and looks whether the engine's file, `database`, is there if it
    /// should be.
    pub(in crate::database) fn read(path: &Path, database: &str) -> Result<Self, OpenError> {
        let unusable = |reason: &dyn std::fmt::Display| OpenError::unusable(path, reason);
        let record = match fs::read(path.join(FILE)) {
            Ok(json) => Some(Record::parse(&json).map_err(|error| {
                unusable(&format!("{FILE} is damaged, remove it if {database} is the right one: {error}"))
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(&format!("{FILE}: {error}"))),
        };
        let objects = fs::read_dir(path.join(OBJECTS)).is_ok_and(|mut entries| entries.next().is_some());
        let there = path.join(database).exists();
        if !there && (record.is_some() || objects) {
            return Err(unusable(&format!(
                "{database} is missing, but the folder has been in use: put it back from a backup, or remove \
                 {FILE} and {OBJECTS} to begin anew"
            )));
        }
        Ok(Self { path: path.to_owned(), record })
    }

    /// Whether a store has been in it.
    pub(in crate::database) fn is_used(&self) -> bool {
        self.record.is_some() || self.path.join(DATABASE_FILE).exists()
    }

    /// The id of the store in the table. One that cannot be read is written again, as it is
    /// recorded.
    async fn id(&self, table: &Table) -> Result<Option<String>, Fault> {
        let id = readable("the id of the store", table.get::<IdItem>(&keys::store_id()).await)?;
        if let (None, Some(record)) = (&id, &self.record) {
            table.put(&keys::store_id(), &IdItem { id: record.id.clone() }).await?;
            return Ok(Some(record.id.clone()));
        }
        Ok(id.flatten().map(|item| item.id))
    }

    /// Compares what is recorded with what is in the table, and records it from now on.
    pub(in crate::database) async fn identify(self, table: &Table) -> Result<(), OpenError> {
        let id = self.id(table).await?;
        let before = self.record.as_ref().map(|record| record.counts).unwrap_or_default();
        let counts = Counts::of(table, before).await?;
        let reason = match (&self.record, &id) {
            (Some(_), None) => Some("is empty, or of another program".to_owned()),
            (Some(record), Some(id)) if record.id != *id => Some("is that of another store".to_owned()),
            _ if counts.is_less_than(before) => {
                Some(format!("has fewer than there were ({counts}, and there were {before})"))
            }
            _ => None,
        };
        if let Some(reason) = reason {
            let reason = format!(
                "the database {reason}: put the right one back from a backup, run `talelio-backend check --repair` if this \
                 one is damaged, or remove {FILE} to go on with this one"
            );
            return Err(OpenError::unusable(&self.path, &reason));
        }
        let id = if let Some(id) = id {
            id
        } else {
            let id = uuid::Uuid::new_v4().to_string();
            table.put(&keys::store_id(), &IdItem { id: id.clone() }).await?;
            id
        };
        write(&self.path, &Record::new(id, counts)).map_err(|error| OpenError::unusable(&self.path, &error))
    }

    /// Takes the table for the store that is recorded, though there is less in it, unless it says that
    /// it is another, or has nothing. Returns how much there was.
    pub(in crate::database) async fn identify_for_repair(self, table: &Table) -> Result<Counts, OpenError> {
        let Some(record) = &self.record else {
            self.identify(table).await?;
            return Ok(Counts::default());
        };
        let id = self.id(table).await?;
        let (items, _) = table.scan(None, None).await.unwrap_or_default();
        let reason = match &id {
            None if items.is_empty() => "is empty",
            Some(id) if *id != record.id => "is that of another store",
            _ => {
                table.put(&keys::store_id(), &IdItem { id: record.id.clone() }).await?;
                return Ok(record.counts);
            }
        };
        let reason = format!(
            "the database {reason}: put the right one back from a backup, or remove {FILE} to go on with this one"
        );
        Err(OpenError::unusable(&self.path, &reason))
    }
}

/// Writes the file in one step, so that it is never there in part.
pub(super) fn write(folder: &Path, record: &Record) -> io::Result<()> {
    let temporary = folder.join(format!("{FILE}.new"));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    file.sync_all()?;
    fs::rename(temporary, folder.join(FILE))?;
    fs::File::open(folder)?.sync_all()
}

/// What is recorded in `folder`, with the counts of now, if those have changed.
pub(super) async fn outdated(folder: &Path, table: &Table) -> Result<Option<Record>, Fault> {
    let json = fs::read(folder.join(FILE)).map_err(Fault::failed)?;
    let record = Record::parse(&json).map_err(Fault::failed)?;
    let now = Counts::of(table, record.counts).await?;
    // As there is never less, less is damage, which the next start is to notice.
    let counts = now.max(record.counts);
    Ok(Some(Record::new(record.id.clone(), counts)).filter(|new| *new != record))
}
