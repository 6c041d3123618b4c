//! How often clients may do what. Elsewhere in the suite, limits are off.

mod stores;

use http::Method;
use image::ImageFormat;
use serde_json::json;

use crate::api::images::samples::{encoded, picture};
use crate::api::images::upload;
use crate::harness::{Request, Response, TestApp, run};

const OWNER: &str = "198.51.100.7";
const ATTACKER: &str = "203.0.113.9";

/// The server as it stands behind a proxy on the same machine, with limits.
fn limited(variables: &[(&str, &str)]) -> TestApp {
    TestApp::http(&[&[("LIMITS", "on"), ("TRUSTED_PROXIES", "127.0.0.1")], variables].concat())
}

fn login(username: &str, password: &str, from: &str) -> Request {
    let body = json!({"email": format!("{username}@example.com"), "password": password});
    Request::new(Method::POST, "/v1/accounts/login").header("x-forwarded-for", from).json(&body)
}

fn registration(number: u32, from: &str) -> Request {
    let (email, username) = (format!("u{number}@example.com"), format!("u{number}"));
    let body = json!({"email": email, "password": "a good password", "username": username});
    Request::new(Method::POST, "/v1/accounts/register").header("x-forwarded-for", from).json(&body)
}

/// The seconds that a refused client is told to wait.
fn retry_after(response: &Response) -> u32 {
    let message = response.refusal(429);
    let seconds = response.header("retry-after").expect("a time to wait").to_owned();
    let unit = if seconds == "1" { "second" } else { "seconds" };
    assert_eq!(message, format!("Too many requests, try again in {seconds} {unit}"));
    seconds.parse().unwrap()
}

async fn statuses(app: &TestApp, requests: impl Iterator<Item = Request>) -> Vec<u16> {
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(app.send(request).await.status.as_u16());
    }
    statuses
}

#[tokio::test]
async fn a_network_registers_so_often_and_gets_so_many_mails() {
    let app = limited(&[("LIMIT_REGISTRATIONS", "3/hour")]);
    assert_eq!(statuses(&app, (0..5).map(|number| registration(number, ATTACKER))).await, [201, 201, 201, 429, 429]);
    assert!((1_100..=1_200).contains(&retry_after(&app.send(registration(5, ATTACKER)).await)));
    app.process.wait_for("route=\"/v1/accounts/register\" status=429 limit=\"LIMIT_REGISTRATIONS\"");
    assert_eq!(app.send(registration(5, OWNER)).await.status, 201, "another network");

    let app = limited(&[("LIMIT_MAILS", "2/hour")]);
    assert_eq!(statuses(&app, (0..3).map(|number| registration(number, ATTACKER))).await, [201, 201, 429]);
}

/// However requests come in, and whatever they say of themselves.
#[tokio::test]
async fn a_client_is_known_by_its_address() {
    let app = TestApp::with(&[("LIMITS", "on"), ("LIMIT_REGISTRATIONS", "4/hour")]).await;
    let registrations = (0..8).map(|number| registration(number, &format!("192.0.2.{number}")));
    let statuses = statuses(&app, registrations).await;
    assert_eq!(statuses[..4], [201; 4]);
    // In the table, an hour may begin in between.
    assert!(statuses[4..].contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_network_are_one_client() {
    let app = limited(&[("LIMIT_REGISTRATIONS", "1/hour")]);
    assert_eq!(app.send(registration(1, "2001:db8:1:2::1")).await.status, 201);
    assert_eq!(app.send(registration(2, "2001:db8:1:2:ffff::2")).await.status, 429);
    assert_eq!(app.send(registration(3, "2001:db8:1:3::1")).await.status, 201);
}

#[tokio::test]
async fn a_client_does_not_say_where_it_is() {
    // Without a proxy that is trusted, the header is anybody's to write.
    let app = TestApp::http(&[("LIMITS", "on"), ("LIMIT_REGISTRATIONS", "1/hour")]);
    assert_eq!(app.send(registration(1, OWNER)).await.status, 201);
    assert_eq!(app.send(registration(2, ATTACKER)).await.status, 429);
    // With one, what stands before the address that it added.
    let app = limited(&[("LIMIT_REGISTRATIONS", "1/hour")]);
    assert_eq!(app.send(registration(1, &format!("192.0.2.1, {ATTACKER}"))).await.status, 201);
    assert_eq!(app.send(registration(2, &format!("192.0.2.2, {ATTACKER}"))).await.status, 429);
}

#[tokio::test]
async fn wrong_passwords_cost_pauses_where_they_were_given() {
    let app = limited(&[]);
    app.register("ada").await;
    let guesses = (0..8).map(|_| login("ada", "a wrong password", ATTACKER));
    assert_eq!(statuses(&app, guesses).await, [401, 401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(retry_after(&app.send(login("ada", "a good password", ATTACKER)).await), 1, "right, but too early");
    assert_eq!(app.send(login("ada", "a good password", OWNER)).await.status, 200, "the owner, from elsewhere");
    // An account that there is not is not told from one that there is.
    let guesses = (0..8).map(|_| login("eve", "a wrong password", ATTACKER));
    assert_eq!(statuses(&app, guesses).await, [401, 401, 401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn whoever_logged_in_before_is_let_through() {
    let app = limited(&[("LIMIT_LOGIN_ATTEMPTS", "3/hour")]);
    app.register("ada").await;
    let logged_in = app.send(login("ada", "a good password", OWNER)).await;
    let cookie = logged_in.cookies()[0].split(';').next().unwrap().to_owned();
    // Somebody with many networks uses up what strangers may try.
    for number in 1..=2 {
        let guess = login("ada", "a wrong password", &format!("203.0.113.{number}"));
        assert_eq!(app.send(guess).await.status, 401);
    }
    let stranger = "192.0.2.1";
    assert!(retry_after(&app.send(login("ada", "a good password", stranger)).await) > 60);
    assert_eq!(app.send(login("ada", "a good password", OWNER)).await.status, 200, "a network that is known");
    let on_the_way = login("ada", "a good password", stranger).header("cookie", cookie);
    assert_eq!(app.send(on_the_way).await.status, 200, "a device that is known");
    let forged = login("ada", "a good password", "192.0.2.2").header("cookie", "refresh_token=a.b.c");
    assert_eq!(app.send(forged).await.status, 429);
}

#[tokio::test]
async fn a_flood_of_logins_keeps_nobody_else_out() {
    let app = limited(&[("LIMIT_LOGINS", "40/minute")]);
    app.register("ada").await;
    let flood = (0..100).map(|number| app.send(login(&format!("u{number}"), "a wrong password", ATTACKER)));
    let flood = futures_util::future::join_all(flood);
    let owner = async {
        for _ in 0..5 {
            assert_eq!(app.send(login("ada", "a good password", OWNER)).await.status, 200);
        }
    };
    let (flood, ()) = tokio::join!(flood, owner);
    let refused = |status: u16| flood.iter().filter(|response| response.status == status).count();
    assert!(refused(429) >= 60, "{} were told to wait", refused(429));
    // A few wait for a core, the others are told that there are too many.
    assert_eq!(refused(401) + refused(429) + refused(503), 100);
}

#[tokio::test]
async fn access_tokens_are_given_out_so_often() {
    let app = limited(&[("LIMIT_TOKENS", "2/hour")]);
    app.register("ada").await;
    let logged_in = app.send(login("ada", "a good password", OWNER)).await;
    let cookie = logged_in.cookies()[0].split(';').next().unwrap().to_owned();
    let renewal = |from: &str| {
        let request = Request::new(Method::POST, "/v1/accounts/token").header("cookie", cookie.clone());
        request.header("x-forwarded-for", from)
    };
    let renewals = [renewal(OWNER), renewal("192.0.2.1"), renewal("192.0.2.2")];
    assert_eq!(statuses(&app, renewals.into_iter()).await, [200, 200, 429], "of a user, wherever they are");
    let nobody = || Request::new(Method::POST, "/v1/accounts/token").header("x-forwarded-for", ATTACKER);
    assert_eq!(statuses(&app, (0..3).map(|_| nobody())).await, [400, 400, 429], "of a network");
}

#[tokio::test]
async fn authors_have_quotas() {
    let image = encoded(&picture(8, 8), ImageFormat::Png);
    let two_images = (2 * image.len().next_multiple_of(1_024)).to_string();
    let app = limited(&[("QUOTA_ARTICLES", "2"), ("QUOTA_IMAGE_BYTES", &two_images), ("LIMIT_UPLOADS", "4/hour")]);
    let token = app.author("ada").await;
    let text = json!({"title": "A title", "body": "text", "meta_description": ""});
    let article = || Request::new(Method::POST, "/v1/articles").bearer(&token).json(&text);
    let project = Request::new(Method::POST, "/v1/projects").bearer(&token).json(&text);
    assert_eq!(statuses(&app, [article(), project, article()].into_iter()).await, [201, 201, 429]);
    let changing = limited(&[("QUOTA_CHANGES", "2")]);
    let author = changing.author("ada").await;
    changing.publish(&author, "A title").await;
    let change = |method, path| Request::new(method, path).bearer(&author).json(&text);
    let changes = [
        change(Method::PATCH, "/v1/articles/a-title"),
        change(Method::POST, "/v1/articles/a-title/unpublish"),
        change(Method::DELETE, "/v1/articles/a-title"),
    ];
    assert_eq!(statuses(&changing, changes.into_iter()).await, [200, 200, 429]);
    let other = app.author("bob").await;
    let theirs = Request::new(Method::POST, "/v1/articles").bearer(&other).json(&text);
    assert_eq!(app.send(theirs).await.status, 201, "another author");

    let files = |number: usize| vec![("a.png", image.as_slice()); number];
    let uploads = [upload(&token, &files(1)), upload(&token, &files(2)), upload(&token, &files(1))];
    assert_eq!(statuses(&app, uploads.into_iter()).await, [200, 429, 429], "bytes, also of what was refused");
    assert_eq!(app.send(upload(&other, &files(1))).await.status, 200, "another author");
    assert_eq!(app.send(upload(&other, &files(1))).await.status, 429, "requests of the network");
}

#[test]
fn production_has_limits() {
    let key = "k".repeat(32);
    let refused = run(&[], &[("ENV", "production"), ("SECRET_KEY", &key), ("LIMITS", "off")]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("LIMITS: `off` is for tests, not for production"));
}
