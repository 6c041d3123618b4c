//! Making projects and listing them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Request, TestApp};

fn create(token: &str, body: &Value) -> Request {
    Request::new(Method::POST, "/v1/projects").bearer(token).json(body)
}

#[tokio::test]
async fn a_project_is_made_and_listed() {
    let app = TestApp::start().await;
    let token = app.author("Ada").await;
    assert_eq!(app.get("/v1/users/ada/projects").await.json(), json!([]));
    let created = app.send(create(&token, &json!({"title": "Engine", "body": "An *analytical* one."}))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    insta::assert_json_snapshot!(created.json(), {".created_at" => "[time]", ".updated_at" => "[time]"}, @r#"
    {
      "id": 1,
      "user_id": 1,
      "created_at": "[time]",
      "updated_at": "[time]",
      "title": "Engine",
      "body": "An *analytical* one.",
      "html": "<p>An <em>analytical</em> one.</p>\n"
    }
    "#);
    let second = app.send(create(&token, &json!({"title": "Notes", "body": ""}))).await;
    let list = app.get("/v1/users/ADA/projects").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.json(), json!([second.json(), created.json()]), "newest first");
}

#[tokio::test]
async fn what_is_left_out_of_a_project_is_told_to_its_author_alone() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let project = json!({"title": "P", "body": "<p onclick=\"x()\">text</p>"});
    let request = || create(&token, &project).header("idempotency-key", "one");
    let created = app.send(request()).await.json();
    assert_eq!(created["warnings"], json!(["`onclick` of `<p>` was left out"]));
    assert_eq!(app.send(request()).await.json(), created);
    assert_eq!(app.get("/v1/users/ada/projects").await.json()[0].get("warnings"), None);
}

#[tokio::test]
async fn projects_are_listed_by_pages() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.author("ada").await, app.author("bob").await);
    // Numbers are given over the site, so those of one user have gaps.
    for n in 1..=5 {
        app.send(create(&ada, &json!({"title": format!("Project {n}"), "body": ""}))).await;
        app.send(create(&bob, &json!({"title": "Another", "body": ""}))).await;
    }
    let titles = async |query: &str| {
        let page = app.get(&format!("/v1/users/ada/projects{query}")).await;
        assert_eq!(page.header("x-total-count"), Some("5"), "{query}: {}", page.text());
        let titles: Vec<String> = page
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["title"].as_str().unwrap().to_owned())
            .collect();
        (titles.join(" "), page.header("link").map(str::to_owned))
    };
    let all = "Project 5 Project 4 Project 3 Project 2 Project 1";
    assert_eq!(titles("").await, (all.to_owned(), None));
    assert_eq!(titles("?limit=500").await, (all.to_owned(), None));
    let next = "</v1/users/ada/projects?page=2&limit=2>; rel=\"next\"";
    assert_eq!(titles("?limit=2").await, ("Project 5 Project 4".to_owned(), Some(next.to_owned())));
    let prev = "</v1/users/ada/projects?page=2&limit=2>; rel=\"prev\"";
    assert_eq!(titles("?limit=2&page=3").await, ("Project 1".to_owned(), Some(prev.to_owned())));
    assert_eq!(titles("?page=2").await.0, "");
    assert_eq!(app.get("/v1/users/ada/projects?page=x").await.refusal(400), "Expected numeric query parameters");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    let refusal = async |body: Value, status| app.send(create(&token, &body)).await.refusal(status);
    assert_eq!(refusal(json!({}), 400).await, "Missing request body");
    assert_eq!(refusal(json!({"body": "x"}), 400).await, "Expected 'title' key");
    assert_eq!(refusal(json!({"title": "x"}), 400).await, "Expected 'body' key");
    assert_eq!(refusal(json!({"title": "", "body": "x"}), 400).await, "The title must not be empty");
    let anonymous = Request::new(Method::POST, "/v1/projects").json(&json!({"title": "x", "body": "x"}));
    assert_eq!(app.send(anonymous).await.refusal(403), "No authorization header provided");
    assert_eq!(app.get("/v1/users/bob/projects").await.refusal(400), "User 'bob' does not exist");
    assert_eq!(app.get("/v1/users/a%20b/projects").await.refusal(400), "User 'a b' does not exist");
    assert_eq!(app.get("/v1/users/ada/projects").await.json(), json!([]), "nothing was made");
}

/// The titles of a user's projects, in order.
async fn titles(app: &TestApp) -> Vec<String> {
    let list = app.get("/v1/users/ada/projects").await.json();
    list.as_array().unwrap().iter().map(|project| project["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_project_is_changed_in_the_version_that_its_author_means() {
    let app = TestApp::start().await;
    let token = app.author("ada").await;
    app.send(create(&token, &json!({"title": "Engine", "body": "One"}))).await;
    let request = |method| Request::new(method, "/v1/projects/1").bearer(&token);
    assert_eq!(app.get("/v1/projects/1").await.json()["title"], "Engine");
    let read = app.send(request(Method::GET)).await;
    let first = read.header("etag").unwrap().to_owned();
    assert!(first.starts_with("\"1-1-"), "{first}");
    let changed = app.send(request(Method::PATCH).json(&json!({"title": "Difference engine"}))).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert!(changed.header("etag").unwrap().starts_with("\"1-2-"));
    assert_eq!((&changed.json()["title"], &changed.json()["body"]), (&json!("Difference engine"), &json!("One")));
    let stale = app.send(request(Method::PATCH).header("if-match", &*first).json(&json!({"body": "Two"}))).await;
    assert_eq!(stale.json()["current"]["version"], 2);
    assert_eq!(stale.refusal(412), "The project has changed, its version is 2");
    app.send(request(Method::DELETE).header("if-match", &*first)).await.refusal(412);
    app.send(request(Method::PATCH).json(&json!({"body": "*Two*"}))).await;
    let read = app.get("/v1/projects/1").await.json();
    assert_eq!((&read["title"], &read["html"]), (&json!("Difference engine"), &json!("<p><em>Two</em></p>\n")));
    assert_eq!(app.get("/v1/users/ada/projects").await.json()[0], read);
    for (body, sentence) in [
        (json!({}), "Expected one of 'title' and 'body'"),
        (json!({"title": null}), "The title must not be empty"),
        (json!({"body": 1}), "Expected 'body' to be a string"),
    ] {
        assert_eq!(app.send(request(Method::PATCH).json(&body)).await.refusal(400), sentence);
    }
    let bob = app.author("bob").await;
    for method in [Method::PATCH, Method::DELETE] {
        let by_bob = Request::new(method, "/v1/projects/1").bearer(&bob).json(&json!({"title": "x"}));
        assert_eq!(app.send(by_bob).await.refusal(403), "Not your project");
    }
    assert_eq!(app.send(request(Method::DELETE)).await.status, StatusCode::NO_CONTENT);
    for path in ["1", "2", "01", "x", "99999999999999999999"] {
        assert_eq!(app.get(&format!("/v1/projects/{path}")).await.refusal(404), "Project not found", "{path}");
    }
    assert_eq!(titles(&app).await, [""; 0]);
    // Who sends again what has made it is told so.
    let named = || create(&token, &json!({"title": "Engine", "body": ""})).header("idempotency-key", "one");
    assert_eq!(app.send(named()).await.json()["id"], 2);
    app.send(Request::new(Method::DELETE, "/v1/projects/2").bearer(&token)).await;
    assert_eq!(app.send(named()).await.refusal(404), "Project not found");
    // Its number is nobody's again.
    assert_eq!(app.send(create(&token, &json!({"title": "Next", "body": ""}))).await.json()["id"], 3);
}

#[tokio::test]
async fn projects_have_the_order_that_their_author_gives_them() {
    let app = TestApp::start().await;
    let (token, bob) = (app.author("ada").await, app.author("bob").await);
    for title in ["a", "b", "c"] {
        app.send(create(&token, &json!({"title": title, "body": ""}))).await;
    }
    app.send(create(&bob, &json!({"title": "d", "body": ""}))).await;
    let order = |projects: Value| {
        let request = Request::new(Method::PUT, "/v1/projects/order").bearer(&token);
        app.send(request.json(&json!({"projects": projects})))
    };
    assert_eq!(titles(&app).await, ["c", "b", "a"]);
    assert_eq!(order(json!([1, 3, 1])).await.status, StatusCode::NO_CONTENT);
    assert_eq!(titles(&app).await, ["a", "c", "b"]);
    let second = app.get("/v1/users/ada/projects?limit=2&page=2").await.json();
    assert_eq!(second[0]["title"], "b");
    app.send(create(&token, &json!({"title": "e", "body": ""}))).await;
    assert_eq!(titles(&app).await, ["e", "a", "c", "b"]);
    app.send(Request::new(Method::DELETE, "/v1/projects/3").bearer(&token)).await;
    assert_eq!(titles(&app).await, ["e", "a", "b"]);
    assert_eq!(order(json!([4])).await.refusal(400), "Project 4 is none of yours");
    assert_eq!(order(json!(["1"])).await.refusal(400), "Expected 'projects' to be an array of numbers");
    let nothing = Request::new(Method::PUT, "/v1/projects/order").bearer(&token).json(&json!({}));
    assert_eq!(app.send(nothing).await.refusal(400), "Expected 'projects' key");
}
