//! `talelio-backend rerender`

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use similar::{Algorithm, TextDiff};
use talelio::business::{Fault, ListedTexts, Rerendered};

use crate::app::{self, BoxError};
use crate::config::Config;

/// How long it is looked for the smallest difference between two texts.
const DIFF_TIMEOUT: Duration = Duration::from_secs(2);

/// How many texts became what.
#[derive(Default)]
struct Counts {
    changed: u64,
    same: u64,
    current: u64,
    failed: u64,
}

/// Renders again what an older renderer has rendered; shows what that changes, and changes nothing,
/// in a `dry_run`.
pub(super) async fn run(config: Config, dry_run: bool) -> Result<(), BoxError> {
    app::require_store(&config)?;
    let database = Arc::new(app::open_database(&config).await?);
    let app = app::build(config, database)?;
    let ListedTexts { texts, unreadable } = app.rerender.texts().await?;
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left: {msg}")?;
    // On standard error, and only if that is a terminal.
    let progress = ProgressBar::new(texts.len() as u64).with_style(style);
    let tell = |line: &str| progress.suspend(|| writeln!(io::stdout(), "{line}"));
    let mut counts = Counts { failed: unreadable, ..Counts::default() };
    for address in &texts {
        progress.set_message(address.to_string());
        match app.rerender.rerender(address, dry_run).await {
            Ok(Rerendered::Changed { before, after }) => {
                counts.changed += 1;
                if dry_run {
                    let table_of_contents = (&before.table_of_contents, &after.table_of_contents);
                    for (part, (before, after)) in
                        [("", (&before.html, &after.html)), (", table of contents", table_of_contents)]
                    {
                        let diff = diff(&format!("{address}{part}"), before, after);
                        if !diff.is_empty() {
                            tell(&diff)?;
                        }
                    }
                } else {
                    tell(&format!("rendered anew: {address}"))?;
                }
            }
            Ok(Rerendered::Same) => counts.same += 1,
            Ok(Rerendered::Current) => counts.current += 1,
            Ok(Rerendered::Gone) => {}
            Ok(Rerendered::Refused) => {
                counts.failed += 1;
                tell(&format!("stays as it is, as it would be too complex or too large: {address}"))?;
            }
            // Others can be read.
            Err(Fault::Failed(error)) => {
                counts.failed += 1;
                tell(&format!("stays as it is: {address}: {error}"))?;
            }
            Err(fault) => return Err(fault.into()),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let Counts { changed, same, current, failed } = counts;
    let would = if dry_run { " would be" } else { "" };
    tell(&format!(
        "{changed}{would} rendered to something else, {same} to the same, {current} of this renderer already"
    ))?;
    if failed > 0 {
        Err(format!("{failed} could not be rendered: if they cannot be read, run `talelio-backend check`").into())
    } else {
        Ok(())
    }
}

/// What changes from one text to another, as `diff -u` shows it.
fn diff(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).timeout(DIFF_TIMEOUT).diff_lines(before, after);
    diff.unified_diff().header(name, "rendered anew").to_string()
}
