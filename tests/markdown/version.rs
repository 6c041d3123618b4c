//! That the renderer's version goes up when what it makes of a text changes, so that
//! `talelio-backend rerender` finds what is stored of before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use talelio::markdown::{self, VERSION};

use super::sources;

/// The version, then for each text of the corpus its name, its CRC-32 and that of what it is rendered
/// to.
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/markdown/rendered.txt");

/// By the names and the CRC-32 of the texts.
type Checksums = BTreeMap<(String, String), String>;

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

fn rendered() -> Checksums {
    let checksums = sources().into_iter().map(|(name, source)| {
        let rendered = markdown::render(&source, "https://www.talel.io").unwrap();
        let html = checksum(&format!("{}\0{}", rendered.html, rendered.table_of_contents));
        ((name.replace(' ', "_"), checksum(&source)), html)
    });
    checksums.collect()
}

fn recorded() -> (u32, Checksums) {
    let recorded = std::fs::read_to_string(RECORDED).unwrap_or_else(|_| "0".to_owned());
    let (version, lines) = recorded.split_once('\n').unwrap_or((&recorded, ""));
    let checksums = lines.lines().map(|line| {
        let fields: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let [name, source, html] = <[String; 3]>::try_from(fields).unwrap();
        ((name, source), html)
    });
    (version.parse().unwrap(), checksums.collect())
}

#[test]
fn the_version_goes_up_with_what_is_rendered() {
    let ((version, recorded), rendered) = (recorded(), rendered());
    let changed = recorded.iter().filter(|(text, html)| rendered.get(*text).is_some_and(|now| now != *html));
    let changed: Vec<_> = changed.map(|((name, _), _)| name.as_str()).collect();
    assert!(
        version < VERSION || (version == VERSION && changed.is_empty()),
        "{} are rendered to something else: raise markdown::VERSION",
        changed.join(", ")
    );
    if std::env::var_os("UPDATE_RENDERED").is_some() {
        let mut written = format!("{VERSION}\n");
        for ((name, source), html) in &rendered {
            writeln!(written, "{name} {source} {html}").unwrap();
        }
        std::fs::write(RECORDED, written).unwrap();
        return;
    }
    assert!(
        version == VERSION && recorded == rendered,
        "there are other texts or another version: UPDATE_RENDERED=1 cargo test --test markdown version"
    );
}
