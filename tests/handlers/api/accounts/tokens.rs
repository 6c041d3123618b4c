//! Logging in and out, and the tokens in between.

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Request, TestApp};

const SECRET: &str = "a secret that the tests share, 32+";

/// The value of the cookie that an answer sets.
fn cookie_value(cookie: &str) -> String {
    cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

/// The claims of a token, unchecked.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with these claims, as another program would sign it.
fn sign(claims: &Value, secret: &str) -> String {
    use base64::Engine as _;
    use hmac::{KeyInit, Mac};
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let text = format!("{}.{}", encode(br#"{"typ":"JWT","alg":"HS512"}"#), encode(claims.to_string().as_bytes()));
    let signature =
        hmac::Hmac::<sha2::Sha512>::new_from_slice(secret.as_bytes()).unwrap().chain_update(&text).finalize();
    format!("{text}.{}", encode(&signature.into_bytes()))
}

async fn renew(app: &TestApp, cookie: &str) -> crate::harness::Response {
    app.send(Request::new(Method::POST, "/v1/accounts/token").header("cookie", cookie)).await
}

async fn log_out(app: &TestApp, token: &str) -> crate::harness::Response {
    app.send(Request::new(Method::POST, "/v1/accounts/logout").bearer(token)).await
}

#[tokio::test]
async fn logging_in_gives_an_access_token_and_a_refresh_cookie() {
    let app = TestApp::start().await;
    app.register("Ada").await;
    let response =
        app.post("/v1/accounts/login", &json!({"email": "ADA@example.com", "password": "a good password"})).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.json().as_object().unwrap().keys().collect::<Vec<_>>(), ["access_token"]);
    let access = claims(response.json()["access_token"].as_str().unwrap());
    assert_eq!((&access["user_id"], &access["username"]), (&json!(1), &json!("Ada")));
    let [cookie] = response.cookies()[..] else { panic!("one cookie") };
    let value = cookie_value(cookie);
    assert_eq!(cookie, format!("refresh_token={value}; HttpOnly; Path=/; Max-Age=604800"));
    let refresh = claims(&value);
    assert_eq!(refresh, json!({"user_id": 1, "username": "Ada", "iat": refresh["iat"]}));
    assert_eq!(access["exp"].as_i64().unwrap() - refresh["iat"].as_i64().unwrap(), 1_800);
}

#[tokio::test]
async fn in_production_the_cookie_is_for_the_site_and_encrypted_connections() {
    let variables =
        [("ENV", "production"), ("SECRET_KEY", SECRET), ("COOKIE_DOMAIN", ".talel.io"), ("DATA_DIR", ":memory:")];
    let app = TestApp::http(&variables);
    app.register("ada").await;
    let response = app.log_in("ada").await;
    let [cookie, of_host_alone] = response.cookies()[..] else { panic!("two cookies") };
    let value = cookie_value(cookie);
    let attributes = "HttpOnly; Path=/; Max-Age=604800; Secure; SameSite=Lax; Domain=.talel.io";
    assert_eq!(cookie, format!("refresh_token={value}; {attributes}"));
    // A browser would send one from before the domain was set beside it.
    assert_eq!(of_host_alone, REMOVED[1]);
    assert_eq!(response.header("x-consumed-capacity"), None);
}

#[tokio::test]
async fn logging_in_fails_alike_for_an_unknown_address_and_a_wrong_password() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let refusal = async |body: Value, status| app.post("/v1/accounts/login", &body).await.refusal(status);
    let wrong = "Invalid username or password";
    assert_eq!(refusal(json!({"email": "ada@example.com", "password": "another one"}), 401).await, wrong);
    assert_eq!(refusal(json!({"email": "bob@example.com", "password": "a good password"}), 401).await, wrong);
    assert_eq!(refusal(json!({"email": "no address", "password": "x"}), 401).await, wrong);
    assert_eq!(refusal(json!({}), 400).await, "Missing request body");
    assert_eq!(refusal(json!({"password": "x"}), 400).await, "Expected 'email' key");
    assert_eq!(refusal(json!({"email": "ada@example.com"}), 400).await, "Expected 'password' key");
}

#[tokio::test]
async fn logging_in_takes_as_long_for_an_unknown_address_as_for_a_wrong_password() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let time = async |email: &str| {
        let started = std::time::Instant::now();
        app.post("/v1/accounts/login", &json!({"email": email, "password": "another one"})).await.refusal(401);
        started.elapsed()
    };
    let (mut known, mut unknown, mut impossible) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        known.push(time("ada@example.com").await);
        unknown.push(time("bob@example.com").await);
        impossible.push(time("no address").await);
    }
    let median = |times: &mut Vec<std::time::Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    // Without the hash that is made for nobody, the ratio would be a tenth.
    let known = median(&mut known);
    for other in [median(&mut unknown), median(&mut impossible)] {
        assert!((0.5..2.0).contains(&(other / known)), "{other} against {known}");
    }
}

#[tokio::test]
async fn a_refresh_cookie_renews_the_access_token() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let cookie = format!("other=1; refresh_token={}", cookie_value(app.log_in("ada").await.cookies()[0]));
    let response = renew(&app, &cookie).await;
    assert_eq!(response.status, StatusCode::OK);
    let token = response.json()["access_token"].as_str().unwrap().to_owned();
    app.publish(&token, "With a renewed token").await;
}

#[tokio::test]
async fn a_refresh_token_must_be_ours_and_the_last_one() {
    let app = TestApp::with(&[("SECRET_KEY", SECRET)]).await;
    let access = app.author("ada").await;
    let refused = async |token: &str, status| renew(&app, &format!("refresh_token={token}")).await.refusal(status);
    let bare = app.send(Request::new(Method::POST, "/v1/accounts/token")).await;
    assert_eq!(bare.refusal(400), "No refresh token provided");
    let ada = json!({"user_id": 1, "username": "ada", "iat": 1});
    for token in ["nonsense", "a.b.c", &access, &sign(&ada, "another secret of 32 bytes or more")] {
        assert_eq!(refused(token, 400).await, "Invalid refresh token");
    }
    let earlier = sign(&ada, SECRET);
    assert_eq!(refused(&earlier, 401).await, "Provided refresh token not matching stored refresh token");
    assert_eq!(log_out(&app, &access).await.status, StatusCode::OK);
    assert_eq!(refused(&earlier, 401).await, "No stored refresh token for user");
}

#[tokio::test]
async fn logging_out_forgets_the_refresh_token() {
    let app = TestApp::start().await;
    let access = app.author("ada").await;
    let response = log_out(&app, &access).await;
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.json(), json!({"message": "Successfully logged out"}));
    assert_eq!(response.cookies(), ["refresh_token=; HttpOnly; Path=/; Max-Age=0"]);
    assert_eq!(log_out(&app, &access).await.refusal(409), "No token to delete");
}

#[tokio::test]
async fn other_cookies_log_nobody_out() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let token = cookie_value(app.log_in("ada").await.cookies()[0]);
    let neighbours = [
        format!("name=\u{e5}; refresh_token={token}"),
        format!("refresh_token=other; refresh_token={token}"),
        format!("refresh_token=; refresh_token={token}; refresh_token=\u{e5}"),
        format!("a; refresh_token={token};"),
    ];
    for cookies in neighbours {
        let request = Request::new(Method::POST, "/v1/accounts/token").header("cookie", cookies.clone());
        assert_eq!(app.send(request).await.status, StatusCode::OK, "{cookies}");
    }
}

#[tokio::test]
async fn other_websites_may_not_use_the_cookie() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let body = json!({"email": "ada@example.com", "password": "a good password"});
    let log_in = async |name: &'static str, value: &str| {
        let request = Request::new(Method::POST, "/v1/accounts/login").header(name, value).json(&body);
        app.send(request).await.status
    };
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(log_in(name, value).await, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    for (name, value) in
        [("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "none"), ("sec-fetch-site", "same-site")]
    {
        assert_eq!(log_in(name, value).await, StatusCode::OK, "{name}: {value}");
    }
}

#[tokio::test]
async fn what_is_secret_is_stored_nowhere() {
    let app = TestApp::start().await;
    app.register("ada").await;
    let response = app.log_in("ada").await;
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    let access = response.json()["access_token"].as_str().unwrap().to_owned();
    let own = app.send(Request::new(Method::GET, "/v1/users/me/images").bearer(&access)).await;
    assert_eq!(own.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn logging_out_removes_the_cookie_of_the_domain_and_of_the_host() {
    let production = [("ENV", "production"), ("SECRET_KEY", SECRET), ("COOKIE_DOMAIN", ".talel.io")];
    // Four rounds of an odd number of requests: under Lambda, each kind of event logs out once.
    let app = TestApp::with(&production).await;
    app.register("ada").await;
    for _ in 0..4 {
        let access = app.log_in("ada").await.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(log_out(&app, &access).await.cookies(), REMOVED);
        app.get("/v1/health").await;
    }
}

const REMOVED: [&str; 2] = [
    "refresh_token=; HttpOnly; Path=/; Max-Age=0; Secure; SameSite=Lax; Domain=.talel.io",
    "refresh_token=; HttpOnly; Path=/; Max-Age=0; Secure; SameSite=Lax",
];

#[tokio::test]
async fn a_protected_route_says_why_it_refuses() {
    let app = TestApp::with(&[("SECRET_KEY", SECRET)]).await;
    app.register("ada").await;
    let refusal = async |header: Option<&str>| {
        let mut request = Request::new(Method::POST, "/v1/accounts/logout");
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        app.send(request).await.refusal(403)
    };
    let bearer = |claims: &Value, secret: &str| format!("Bearer {}", sign(claims, secret));
    let ada = json!({"user_id": 1, "username": "ada", "exp": 4_000_000_000_u64});
    let expired = json!({"user_id": 1, "username": "ada", "exp": 1_000_000_000});
    assert_eq!(refusal(None).await, "No authorization header provided");
    assert_eq!(refusal(Some("Bearer ")).await, "No authorization token provided");
    assert_eq!(refusal(Some("Bearer")).await, "No authorization token provided");
    assert_eq!(refusal(Some("Basic YTpi")).await, "Expected a bearer token");
    assert_eq!(refusal(Some(&bearer(&expired, SECRET))).await, "Signature has expired");
    assert_eq!(
        refusal(Some(&bearer(&ada, "another secret of 32 bytes or more"))).await,
        "Signature verification failed"
    );
    assert_eq!(refusal(Some("Bearer nonsense")).await, "Not enough segments");
    assert_eq!(refusal(Some("Bearer a.b.c")).await, "Invalid token");
    assert_eq!(refusal(Some(&bearer(&json!({"email": "a@b.se"}), SECRET))).await, "Not an access token");
}

#[tokio::test]
async fn a_token_of_another_store_publishes_nothing() {
    let app = TestApp::with(&[("SECRET_KEY", SECRET)]).await;
    app.register("ada").await;
    let article = json!({"title": "x", "body": "x", "meta_description": "x"});
    for (id, username) in [(1, "bob"), (2, "ada")] {
        let token = sign(&json!({"user_id": id, "username": username, "exp": 4_000_000_000_u64}), SECRET);
        let response = app.send(Request::new(Method::POST, "/v1/articles").bearer(&token).json(&article)).await;
        assert_eq!(response.refusal(403), "No user for this token");
    }
}

#[tokio::test]
async fn whoever_logs_in_when_too_many_wait_is_told_to_come_back() {
    let app = TestApp::http(&[]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let body = json!({"email": "nobody@example.com", "password": "a wrong one"});
    // Several times as many as have a turn, and as may wait for one.
    let answers = join_all((0..4 * (cores + 64)).map(|_| app.post("/v1/accounts/login", &body))).await;
    let (refused, told): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 503);
    assert!(!refused.is_empty() && told.len() >= cores + 64, "{} of {} refused", refused.len(), answers.len());
    for answer in refused {
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.refusal(503), "Too busy, try again");
    }
    for answer in told {
        assert_eq!(answer.refusal(401), "Invalid username or password");
    }
}
