//! The pages of the docs that are written from the program, and compared with it.

use std::fs;

/// Compares a file of the repository with what it is to be, made from what it is, or writes
/// it when `UPDATE_DOCS` is set.
pub(crate) fn assert_written(path: &str, expected: impl FnOnce(&str) -> String) {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    let written = fs::read_to_string(&path).unwrap();
    let expected = expected(&written);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
    } else {
        assert!(written == expected, "{path} is not what `make docs` writes");
    }
}
