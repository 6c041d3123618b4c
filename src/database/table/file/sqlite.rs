//! What SQLite says of a file, and the files beside it.

use std::fmt::Write;
use std::fs::metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

/// The write-ahead log of a database, and the index of that: SQLite names them after the file.
pub(in crate::database::table) fn log_files(file: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// Opens a file that may be damaged.
pub(super) fn open(file: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // What can be read of a damaged schema is enough.
    connection.pragma_update(None, "writable_schema", true)?;
    Ok(connection)
}

/// What SQLite finds wrong with a file.
pub(super) fn integrity_problems(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let lines: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let lines = lines.into_iter().filter(|line| line != "ok");
    Ok(lines.map(|line| format!("the database file is damaged: {line}")).collect())
}

/// Whether the log beside a file that nobody uses is of another: whoever opens the file writes it
/// into that. A log that was left by a process that was killed belongs there.
pub(in crate::database::table) fn has_log_of_another(file: &Path) -> bool {
    let [log, _] = log_files(file);
    let (Ok(of_file), Ok(of_log)) = (metadata(file), metadata(log)) else { return false };
    // A process writes the log after the file, but for a moment in which it writes one into the other.
    // When a file was put back, its time of change says; that of its content may be older.
    let is_newer = (of_file.ctime(), of_file.ctime_nsec()) > (of_log.mtime(), of_log.mtime_nsec());
    let suspicious = of_log.len() > 0 && is_newer;
    suspicious && is_sound(file, "immutable=1") && !is_sound(file, "mode=ro")
}

/// Whether a file is sound. Nothing of it is changed; it is looked at without its log if it is
/// `immutable=1`.
fn is_sound(file: &Path, parameter: &str) -> bool {
    let mut uri = "file:".to_owned();
    for byte in file.as_os_str().as_encoded_bytes() {
        let _ = write!(uri, "%{byte:02x}");
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("{uri}?{parameter}"), flags);
    connection.and_then(|connection| integrity_problems(&connection)).is_ok_and(|problems| problems.is_empty())
}
