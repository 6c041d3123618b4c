//! What the log says, and what it must not.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Request, TestApp, client};

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

/// What the program tells monitoring.
async fn metrics(app: &TestApp) -> String {
    let address = app.process.wait_for("metrics on http://");
    let url = format!("http://{}", address.split_whitespace().next().unwrap());
    let response = client().get(url).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    response.text().await.unwrap()
}

#[tokio::test]
async fn monitoring_is_told_what_happens() {
    let app = TestApp::http(&[("METRICS_PORT", "0")]);
    let token = app.author("ada").await;
    app.publish(&token, "Counted").await;
    for _ in 0..3 {
        app.get("/v1/articles/counted").await;
    }
    // What clients make up is one thing.
    for made_up in ["FETCH", "GRAB"] {
        app.send(Request::new(Method::from_bytes(made_up.as_bytes()).unwrap(), &format!("/v1/{made_up}"))).await;
    }
    let text = metrics(&app).await;
    for line in [
        r#"talelio_requests_total{method="GET",route="/v1/articles/{slug}",status="200"} 3"#,
        r#"talelio_requests_total{method="POST",route="/v1/articles",status="201"} 1"#,
        r#"talelio_requests_total{method="other",route="unknown",status="404"} 2"#,
        r#"talelio_request_seconds_count{route="/v1/articles/{slug}"} 3"#,
        r#"talelio_response_cache_total{result="hit"} 2"#,
        r#"talelio_response_cache_total{result="miss"} 1"#,
        r#"talelio_job_items_total{job="mail",result="done"} 1"#,
        "talelio_engine_queue 0",
        "talelio_table_requests_total{outcome=\"done\"} ",
        "talelio_memory_budget_bytes ",
        "talelio_connections ",
    ] {
        assert!(text.lines().any(|found| found.starts_with(line)), "{line}, in\n{text}");
    }
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
    // On a port of its own only, and only if it is asked for.
    assert_eq!(app.get("/metrics").await.status, StatusCode::NOT_FOUND);
    assert!(!TestApp::http(&[]).process.printed().contains("metrics on"));
}

#[tokio::test]
async fn cloudwatch_is_told_what_happens_on_lambda() {
    let app = TestApp::with(&[("METRICS_NAMESPACE", "talelio/blog")]).await;
    app.get("/v1/articles/none").await;
    if app.is_lambda() {
        let line = app.process.wait_for(r#"{"_aws":{"#);
        assert!(line.contains(r#""Namespace":"talelio/blog""#), "{line}");
        app.process.wait_for(r#""route":"/v1/articles/{slug}","status":"404","talelio_requests_total":1"#);
        app.process.wait_for(r#""talelio_response_cache_total":1"#);
    } else {
        // Prometheus asks for it by itself.
        assert!(!app.process.printed().contains("_aws"));
    }
}
