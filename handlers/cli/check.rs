//! `talelio-backend check`

use std::sync::Arc;

use talelio::business::{Clock, Fault, SystemClock, Unlisted};
use talelio::database::{Database, Inspection, Recovery};

use crate::app::{self, App, BoxError};
use crate::config::Config;

/// Reads everything that is stored, and prints what is wrong with it, after it was mended as far as
/// it can be if `repair` is set.
pub(super) async fn run(config: Config, repair: bool) -> Result<(), BoxError> {
    app::require_store(&config)?;
    let (database, recovery) = if repair {
        app::open_damaged_database(&config).await?
    } else {
        (app::open_database(&config).await?, Recovery::default())
    };
    let database = Arc::new(database);
    let app = app::build(config, Arc::clone(&database))?;
    for done in recovery.done {
        println!("mended: {done}");
    }
    if repair {
        mend(&app, &database).await?;
    }
    let Inspection { accounts, articles, projects, images, problems, mut lost, .. } = inspect(&database).await?;
    lost.splice(0..0, recovery.lost);
    let mut lost: Vec<_> = lost.into_iter().map(|problem| format!("{problem} (needs a backup)")).collect();
    let counts = [(accounts, "account"), (articles, "article"), (projects, "project"), (images.len(), "image")];
    println!("{}", counts.map(|(count, of)| counted(count, of)).join(", "));
    for (username, image) in &images {
        match app.images.check(username, image).await {
            Ok(()) => {}
            Err(Fault::Failed(error)) => {
                lost.push(format!(
                    "image {} of {username}: {error} (needs a backup, or its author removes it)",
                    image.file
                ));
            }
            Err(other) => return Err(other.into()),
        }
    }
    let Unlisted { images: unlisted, unknown_owners } = app.images.unlisted(&images).await?;
    if unlisted > 0 {
        println!("{} with files on no list that can be read: nobody sees that", counted(unlisted, "image"));
    }
    lost.extend(unknown_owners.iter().map(|owner| {
        format!(
            "{owner} has images and is not in the table: remove users/{owner} from the images if nobody misses them"
        )
    }));
    tell(&problems, &lost, repair)
}

/// Prints what is wrong, and says what to do.
fn tell(problems: &[String], lost: &[String], repaired: bool) -> Result<(), BoxError> {
    for problem in problems.iter().chain(lost) {
        println!("{problem}");
    }
    let advice = match (problems, lost) {
        ([], []) => {
            println!("nothing is wrong");
            return Ok(());
        }
        ([_, ..], _) if !repaired => {
            "stop the server, make a backup, and run `talelio-backend check --repair`; what that leaves needs a backup"
        }
        _ => "nothing else has what is left: put it back from a backup",
    };
    Err(format!("{}: {advice}", counted(problems.len() + lost.len(), "problem")).into())
}

/// So many of something, as one says it.
fn counted(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

/// Mends what can be, and prints what was done.
async fn mend(app: &App, database: &Database) -> Result<(), BoxError> {
    for done in database.repair(SystemClock.now()).await? {
        println!("mended: {done}");
    }
    for (author, id) in database.check().await?.unreadable_images {
        if let Some(file) = app.images.relist(&author, id).await? {
            println!("mended: image {file} of {} is listed again, as its file is", author.username);
        }
    }
    Ok(())
}

/// What is in the table. What was changed while it was read, and looked wrong only then, is not
/// told.
async fn inspect(database: &Database) -> Result<Inspection, Fault> {
    let first = database.check().await?;
    if first.problems.is_empty() && first.lost.is_empty() {
        return Ok(first);
    }
    let mut second = database.check().await?;
    second.problems.retain(|problem| first.problems.contains(problem));
    second.lost.retain(|problem| first.lost.contains(problem));
    Ok(second)
}
