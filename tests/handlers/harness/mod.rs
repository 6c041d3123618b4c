//! Starting the program and talking to it.

mod client;
mod clock;
mod lambda;
mod nginx;
mod process;
mod proxy;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use talelio::AwsEndpoint;
use talelio::objects::BucketConfig;

pub use client::{Request, Response, client, client_builder, send};
pub use clock::{StandingClock, limits, localhost};
pub use process::{Process, run};
pub use proxy::{Behaviour, Proxy};

/// What the program runs on.
enum Target {
    Embedded,
    DynamoDb(String),
    S3(String),
    Nginx(String),
    Lambda(String),
}

fn target() -> Target {
    let Ok(target) = std::env::var("TALELIO_TEST") else { return Target::Embedded };
    match target.split_once('=') {
        Some(("dynamodb", endpoint)) => Target::DynamoDb(endpoint.to_owned()),
        Some(("s3", endpoint)) => Target::S3(endpoint.to_owned()),
        Some(("nginx", image)) => Target::Nginx(image.to_owned()),
        Some(("lambda", emulator)) => Target::Lambda(emulator.to_owned()),
        _ => panic!("TALELIO_TEST is none of dynamodb=<endpoint>, s3=<endpoint>, nginx=<image> and lambda=<program>"),
    }
}

/// Makes a table that no other test has.
pub fn new_table(endpoint: &str) -> String {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    let table = format!("t{}-{}", std::process::id(), TABLES.fetch_add(1, Ordering::Relaxed));
    let made = run(&["create-table"], &on_table(&table, endpoint));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    table
}

/// Makes a bucket that no other test has.
async fn new_bucket(endpoint: &str) -> String {
    static BUCKETS: AtomicUsize = AtomicUsize::new(0);
    let bucket = format!("b{}-{}", std::process::id(), BUCKETS.fetch_add(1, Ordering::Relaxed));
    let made = client().put(format!("{endpoint}/{bucket}")).send().await.expect("an answer");
    assert!(made.status().is_success(), "{made:?}");
    bucket
}

/// A new bucket for the library, where images are in S3.
pub async fn bucket() -> Option<BucketConfig> {
    let Target::S3(endpoint) = target() else { return None };
    let name = new_bucket(&endpoint).await;
    Some(BucketConfig { name, endpoint: AwsEndpoint { region: "eu-north-1".to_owned(), url: Some(endpoint) } })
}

/// The variables that put the program on a table.
pub fn on_table<'v>(table: &'v str, endpoint: &'v str) -> [(&'v str, &'v str); 2] {
    [("DYNAMODB_TABLE", table), ("AWS_ENDPOINT_URL_DYNAMODB", endpoint)]
}

/// The engine that is to be tested with, where that is not the embedded one.
pub fn dynamodb_endpoint() -> Option<String> {
    if let Target::DynamoDb(endpoint) = target() { Some(endpoint) } else { None }
}

/// The variables that put the program's images into a bucket.
pub fn in_bucket<'v>(bucket: &'v str, endpoint: &'v str) -> [(&'v str, &'v str); 2] {
    [("S3_BUCKET", bucket), ("AWS_ENDPOINT_URL_S3", endpoint)]
}

/// The program, and the way to it.
pub struct TestApp {
    pub process: Process,
    way: Way,
}

enum Way {
    Http(reqwest::Client),
    Nginx(nginx::Container),
    Lambda(lambda::Emulator),
}

impl TestApp {
    /// The program on what `TALELIO_TEST` says.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with more variables.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        match target() {
            Target::Embedded => Self::http(variables),
            Target::DynamoDb(endpoint) => {
                let table = new_table(&endpoint);
                Self::http(&[variables, &on_table(&table, &endpoint)].concat())
            }
            Target::S3(endpoint) => {
                let bucket = new_bucket(&endpoint).await;
                Self::http(&[variables, &in_bucket(&bucket, &endpoint)].concat())
            }
            Target::Nginx(image) => {
                // NGINX would keep for a second what it may, and tests do not wait that long.
                let process = Process::serve(&[variables, &[("CACHE_TTL", "0")]].concat());
                let nginx = nginx::start(&image, &process.address()).await;
                Self { process, way: Way::Nginx(nginx) }
            }
            Target::Lambda(emulator) => {
                // In production, the program refuses to run on Lambda without a table.
                let endpoint = std::env::var("TALELIO_TEST_DYNAMODB").unwrap_or_default();
                let production = variables.contains(&("ENV", "production"));
                let table = if production { new_table(&endpoint) } else { String::new() };
                let table = if production { &on_table(&table, &endpoint)[..] } else { &[] };
                let (process, emulator) = lambda::start(&emulator, &[variables, table].concat()).await;
                Self { process, way: Way::Lambda(emulator) }
            }
        }
    }

    /// Two servers on one table; none where the engine serves one process only.
    pub fn two_on_one_table(variables: &[(&str, &str)]) -> Option<[Self; 2]> {
        let Target::DynamoDb(endpoint) = target() else { return None };
        let table = new_table(&endpoint);
        let variables = [variables, &on_table(&table, &endpoint)].concat();
        Some([Self::http(&variables), Self::http(&variables)])
    }

    /// Whether nothing is between a test and the program that refuses larger bodies
    /// than the program does.
    pub fn takes_any_body(&self) -> bool {
        matches!(self.way, Way::Http(_))
    }

    /// Whether images are kept in S3, where they can be sent to.
    pub fn is_s3() -> bool {
        matches!(target(), Target::S3(_))
    }

    /// Whether answers go through Lambda, which carries 6 MB at most.
    pub fn is_lambda(&self) -> bool {
        matches!(self.way, Way::Lambda(_))
    }

    /// The HTTP server on the embedded store, whatever the target is.
    pub fn http(variables: &[(&str, &str)]) -> Self {
        let process = Process::serve(variables);
        Self { process, way: Way::Http(client()) }
    }

    /// An HTTP server that runs already.
    pub fn of(process: Process) -> Self {
        Self { process, way: Way::Http(client()) }
    }

    /// The HTTP server on an embedded store in a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self::http(&[("DATA_DIR", folder.to_str().unwrap())])
    }

    pub async fn send(&self, request: Request) -> Response {
        match &self.way {
            Way::Http(client) => {
                send(client, &format!("http://{}", self.process.address()), request).await.expect("an answer")
            }
            Way::Nginx(nginx) => send(&nginx.client, &nginx.base_url, request).await.expect("an answer"),
            Way::Lambda(emulator) => emulator.send(request).await,
        }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(Request::new(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Request::new(Method::POST, path).json(body)).await
    }

    /// Registers a user, whose address is `<username>@example.com`.
    pub async fn register(&self, username: &str) -> Response {
        let email = format!("{username}@example.com");
        let body = json!({"email": email, "password": "a good password", "username": username});
        let response = self.post("/v1/accounts/register", &body).await;
        assert_eq!(response.status, StatusCode::CREATED, "{}", response.text());
        response
    }

    /// The token of the last verification mail.
    pub async fn verification_token(&self) -> String {
        if let Way::Lambda(emulator) = &self.way {
            // Nothing else invokes it here.
            emulator.run_jobs().await;
        }
        self.process.verification_token()
    }

    /// Logs a registered user in.
    pub async fn log_in(&self, username: &str) -> Response {
        let body = json!({"email": format!("{username}@example.com"), "password": "a good password"});
        let response = self.post("/v1/accounts/login", &body).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.text());
        response
    }

    /// Registers a user and logs them in; returns their access token.
    pub async fn author(&self, username: &str) -> String {
        self.register(username).await;
        self.log_in(username).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Publishes an article of which only the title matters.
    pub async fn publish(&self, token: &str, title: &str) -> Response {
        let body = json!({"title": title, "body": format!("# {title}\n\ntext"), "meta_description": "about"});
        self.publish_article(token, &body).await
    }

    pub async fn publish_article(&self, token: &str, body: &Value) -> Response {
        let response = self.send(Request::new(Method::POST, "/v1/articles").bearer(token).json(body)).await;
        assert_eq!(response.status, StatusCode::CREATED, "{}", response.text());
        response
    }
}
