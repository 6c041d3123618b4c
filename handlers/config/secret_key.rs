//! The secret of a developer's machine.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use talelio::business::SecretKey;

const FILE: &str = "secret_key";

/// The key that is kept in `folder`, made when there is none. Without a folder
/// it lives as long as the process.
pub(crate) fn development_key(folder: Option<&Path>) -> io::Result<SecretKey> {
    let key = match folder {
        None => new_key(),
        Some(folder) => kept_key(folder)?,
    };
    SecretKey::new(key).map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))
}

fn kept_key(folder: &Path) -> io::Result<String> {
    let path = folder.join(FILE);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let key = new_key();
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut key = String::new();
            OpenOptions::new().read(true).open(&path)?.read_to_string(&mut key)?;
            Ok(key.trim().to_owned())
        }
        Err(error) => Err(error),
    }
}

/// 128 hexadecimal digits, of which 488 bits are random.
fn new_key() -> String {
    (0..4).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect()
}
