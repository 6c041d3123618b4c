//! The README's tour works from top to bottom.

use std::process::Command;

use tempfile::tempdir;

use crate::harness::TestApp;

/// The commands of the README's tour, as bash would be typed them.
fn tour() -> String {
    let readme = include_str!("../../README.md");
    let (_, tour) = readme.split_once("\n## Tour").expect("a tour");
    let (tour, _) = tour.split_once("\n## ").expect("something after the tour");
    let blocks = tour.split("\n```sh\n").skip(1);
    blocks.map(|block| block.split("\n```\n").next().unwrap().to_owned() + "\n").collect()
}

#[test]
fn the_tour_works_from_top_to_bottom() {
    let folder = tempdir().unwrap();
    let app = TestApp::in_folder(&folder.path().join("data"));
    // The reader's curl, but on this test's port, and failing at the first refusal.
    let curl = r#"curl() { command curl --silent --show-error --fail-with-body "${@//127.0.0.1:8000/$ADDRESS}"; }"#;
    let typed = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("{curl}\n{}", tour())])
        .env("ADDRESS", app.process.address())
        .current_dir(folder.path())
        .output()
        .expect("bash runs");
    let shown = String::from_utf8_lossy(&typed.stdout);
    assert!(typed.status.success(), "{shown}\n{}", String::from_utf8_lossy(&typed.stderr));
    for expected in [
        "👍",
        r#""verified":false"#,
        r#""verified":true"#,
        r#""slug":"hello-world""#,
        r#"<h2 id=\"why-write\">Why write</h2>"#,
        r#""title":"Hello again, world""#,
        r#""status":"scheduled","published_at":"2100-01-01T00:00:00.000Z""#,
        "x-total-count: 1",
        "/v1/users/ada/images/dot_",
        r#""width":1,"height":1"#,
        "Successfully logged out",
    ] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }
}
