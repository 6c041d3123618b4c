//! What the log says, and what it must not.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Request, TestApp};

#[tokio::test]
async fn production_logs_a_json_line_for_each_request_and_no_secret() {
    let app = TestApp::http(&[("ENV", "production"), ("SECRET_KEY", "the secret key of the log test, 32+")]);
    let access = app.author("ada").await;
    let cookie = app.log_in("ada").await.cookies()[0].to_owned();
    let refresh = cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    app.send(Request::new(Method::POST, "/v1/accounts/token").header("cookie", format!("refresh_token={refresh}")))
        .await;
    app.get(&format!("/v1/accounts/verify/{access}")).await;
    app.get(&format!("/v1/nowhere/{access}?token={access}")).await;
    app.post("/v1/accounts/login", &json!({"email": "eve@example.com", "password": "another password"})).await;
    let response = app.send(Request::new(Method::GET, "/v1/health").header("x-request-id", "the-last")).await;
    assert_eq!(response.status, 200);
    app.process.wait_for("the-last");
    let printed = app.process.printed();
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 8, "{printed}");
    let last = answered.last().unwrap();
    assert_eq!((&last["method"], &last["route"], &last["status"]), (&json!("GET"), &json!("/v1/health"), &json!(200)));
    assert_eq!(last["span"]["id"], "the-last");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for secret in
        ["a good password", "another password", "example.com", "secret key", &signature(&access), &signature(&refresh)]
    {
        assert!(!printed.contains(secret), "{secret:?} is in\n{printed}");
    }
}
