//! Rendering again what an older renderer has rendered.

use std::path::Path;

use talelio::business::{
    ArticleStore, NewArticle, NewProject, NewState, ProjectStore, RenderedText, RenderedTexts, Replaced, SavedText,
    Session, SystemClock, Text, TextAddress,
};
use talelio::database::Database;
use talelio::markdown::Rendered;
use tempfile::tempdir;

use super::{checked, random_words};
use crate::harness::{TestApp, run};

fn rendered(html: &str) -> Rendered {
    Rendered { html: html.to_owned(), table_of_contents: "<ul></ul>".to_owned(), ..Rendered::default() }
}

/// Stores an article as an older renderer has left it.
async fn publish(database: &Database, title: &str, body: &str, html: &str) {
    let Rendered { html, table_of_contents, renderer, .. } = rendered(html);
    let article = NewArticle {
        state: NewState::Listed(None),
        title: title.to_owned(),
        slug: title.to_lowercase().parse().unwrap(),
        slug_stays: true,
        meta_description: "A description".parse().unwrap(),
        featured_image: None,
        tags: Vec::new(),
        series: None,
        text: SavedText {
            text: Text { body: body.to_owned(), html, table_of_contents, renderer },
            ..SavedText::default()
        },
    };
    database.create_article(article, &ada(), None, &SystemClock).await.unwrap();
}

fn ada() -> Session {
    Session { user_id: 1, username: "ada".parse().unwrap() }
}

/// What the subcommand says, and whether it is content.
fn rerendered(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let arguments = [&["rerender"], arguments].concat();
    let output = run(&arguments, &[("DATA_DIR", folder.to_str().unwrap())]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn what_an_older_renderer_made_is_made_anew_and_nothing_else_changes() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    let token = app.author("ada").await;
    app.publish(&token, "Young").await;
    assert!(!rerendered(folder.path(), &[]).0, "the server has the store");
    let nowhere = folder.path().join("nowhere");
    assert!(rerendered(&nowhere, &["--dry-run"]).1.contains("there is no store in"));
    assert!(!nowhere.exists());
    drop(app);
    let database = Database::embedded(Some(folder.path())).await.unwrap();
    publish(&database, "Old", "Some *words*\nand a line", "<p>Some <b>words</b>\nand a line</p>\n").await;
    // What was several items becomes one.
    publish(&database, "Shrinking", "few", &random_words(130_000)).await;
    publish(&database, "Growing", &random_words(100_000), "short").await;
    publish(&database, "Refused", &"a\n".repeat(50_001), "<p>as it was</p>").await;
    let project = NewProject {
        created_at: "2020-03-14T15:09:26Z".parse().unwrap(),
        title: "A project".parse().unwrap(),
        body: "made".to_owned(),
        rendered: rendered("<p>done</p>"),
    };
    database.create(project, &ada(), None).await.unwrap();
    drop(database);

    let (content, said) = rerendered(folder.path(), &["--dry-run"]);
    assert!(!content, "one is refused");
    let expected = "--- article old\n+++ rendered anew\n@@ -1,2 +1,2 @@\n-<p>Some <b>words</b>\n+<p>Some <em>words</em>\n and a line</p>\n";
    assert!(said.contains(expected), "{said}");
    assert!(said.contains("--- project 1 of ada\n+++ rendered anew\n@@ -1 +1 @@\n-<p>done</p>"), "{said}");
    assert!(said.contains("stays as it is, as it would be too complex or too large: article refused\n"), "{said}");
    assert!(said.contains("4 would be rendered to something else, 0 to the same, 1 of this renderer already\n"));

    let before = TestApp::in_folder(folder.path()).get("/v1/articles/old").await;
    assert!(before.json()["article"]["html"].as_str().unwrap().contains("<b>"), "a dry run changes nothing");
    let (content, said) = rerendered(folder.path(), &[]);
    assert!(!content && said.contains("rendered anew: article old\n"), "{said}");
    let (_, said) = rerendered(folder.path(), &[]);
    assert!(said.contains("\n0 rendered to something else, 0 to the same, 5 of this renderer already\n"), "{said}");

    assert_eq!(
        checked(folder.path()),
        (true, "1 account, 5 articles, 1 project, 0 images\nnothing is wrong\n".to_owned())
    );
    let app = TestApp::in_folder(folder.path());
    let (mut before, mut after) = (before.json(), app.get("/v1/articles/old").await.json());
    assert_eq!(after["article"]["html"], "<p>Some <em>words</em>\nand a line</p>\n");
    for document in [&mut before, &mut after] {
        for rendered in ["html", "table_of_contents", "excerpt", "word_count", "reading_time_minutes"] {
            document["article"].as_object_mut().unwrap().remove(rendered);
        }
    }
    assert_eq!(before, after);
    assert_eq!(app.get("/v1/articles/shrinking").await.json()["article"]["html"], "<p>few</p>\n");
    assert_eq!(app.get("/v1/articles/refused").await.json()["article"]["html"], "<p>as it was</p>");
    let list = app.get("/v1/users/ada/articles").await;
    assert_eq!((list.header("x-total-count"), list.header("x-unreadable-items")), (Some("5"), None));
    assert_eq!(app.get("/v1/users/ada/projects").await.json()[0]["html"], "<p>made</p>\n");
}

#[tokio::test]
async fn what_is_changed_meanwhile_is_not_written_over() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(folder.path());
    app.author("ada").await;
    drop(app);
    let database = Database::embedded(Some(folder.path())).await.unwrap();
    publish(&database, "Old", "words", "<b>words</b>").await;
    let [address] = <[TextAddress; 1]>::try_from(database.texts().await.unwrap().texts).unwrap();
    let stored = database.text(&address).await.unwrap().unwrap();
    let replace = async |html: &str| {
        let after = RenderedText { html: html.to_owned(), ..stored.clone() };
        database.replace(&address, &stored, &after).await.unwrap()
    };
    assert_eq!(replace("<p>first</p>").await, Replaced::Done);
    assert_eq!(replace("<p>second</p>").await, Replaced::Changed);
    assert_eq!(database.text(&address).await.unwrap().unwrap().html, "<p>first</p>");
}
