//! The secret of a developer's machine.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use talelio::business::SecretKey;

const FILE: &str = "secret_key";

/// The key that is kept in `folder`, made when there is none. Without a folder
/// it lives as long as the process.
pub(super) fn development_key(folder: Option<&Path>) -> io::Result<SecretKey> {
    let invalid = |problem: String| io::Error::new(ErrorKind::InvalidData, problem);
    let Some(folder) = folder else { return SecretKey::new(new_key()).map_err(|error| invalid(error.to_string())) };
    let path = folder.join(FILE);
    let key = kept_key(folder, &path)
        .map_err(|error| io::Error::new(error.kind(), format!("{} cannot be used: {error}", path.display())))?;
    SecretKey::new(key).map_err(|error| {
        invalid(format!("{} is damaged, {error}: remove it for a new one, and everybody logs in again", path.display()))
    })
}

fn kept_key(folder: &Path, path: &Path) -> io::Result<String> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let key = new_key();
            file.write_all(key.as_bytes())?;
            file.sync_all()?;
            tracing::info!(path = %path.display(), "a new secret key: tokens signed with any other are not valid");
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Of what is no text, nothing is left.
            let key = std::fs::read(path)?;
            Ok(str::from_utf8(&key).unwrap_or_default().trim().to_owned())
        }
        Err(error) => Err(error),
    }
}

/// 128 hexadecimal digits, of which 488 bits are random.
fn new_key() -> String {
    (0..4).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect()
}
