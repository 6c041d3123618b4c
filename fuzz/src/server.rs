//! The program in memory.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service as _, service_fn};
use talelio::business::{AccountStore as _, NewAccount, PasswordHash, RefreshTokenHash, Timestamp};
use talelio::database::Database;
use tokio::runtime::{Builder, Runtime};

use crate::api::router;
use crate::app;
use crate::config::Config;
use crate::http::client_network::PeerAddress;
use crate::http::service::HttpService;
use crate::runtimes::lambda;
use crate::{seeds, tokens};

const VARIABLES: [(&str, &str); 4] = [
    ("SECRET_KEY", tokens::SECRET_KEY),
    ("DATA_DIR", ":memory:"),
    ("MEMORY_LIMIT", "268435456"),
    // A fuzzer asks more often than any client may.
    ("LIMITS", "off"),
];

/// The service as the program serves it, with one author in its store, Ada, who has a refresh
/// token ([`tokens`]).
pub struct Server {
    runtime: Runtime,
    state: Mutex<State>,
}

/// What begins anew when something was changed.
struct State {
    service: HttpService,
    /// The path of an image.
    image: String,
}

impl Server {
    /// Starts it.
    ///
    /// # Panics
    /// When the program would not start.
    #[must_use]
    pub fn start() -> Self {
        // As many threads as the program has on two cores.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let state = Mutex::new(runtime.block_on(State::new()));
        Self { runtime, state }
    }

    /// The path of an image that the author has uploaded.
    pub fn image(&self) -> String {
        self.state().image.clone()
    }

    /// What it answers to `request`.
    ///
    /// # Panics
    /// When it failed where it may not.
    pub fn call(&self, request: Request) -> Response<Bytes> {
        let changes = !request.method().is_safe();
        let service = self.state().service.clone();
        let response = self.runtime.block_on(call(service, request));
        self.look_at(response.status(), changes);
        response
    }

    /// What the program answers to an event of Lambda, as JSON.
    ///
    /// # Panics
    /// When it failed where it may not.
    pub fn call_with_event(&self, event: LambdaRequest) -> String {
        let answered = Arc::new(Mutex::new(None));
        let answer = |request: lambda_http::Request| {
            let (service, answered) = (self.state().service.clone(), Arc::clone(&answered));
            async move {
                let changes = !request.method().is_safe();
                let response = lambda::answer(service, request).await?;
                *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((response.status(), changes));
                Ok::<_, Infallible>(response)
            }
        };
        let event = LambdaEvent::new(event, Context::default());
        let Ok(response) = self.runtime.block_on(Adapter::from(service_fn(answer)).call(event));
        let (status, changes) = answered.lock().unwrap_or_else(PoisonError::into_inner).take().expect("an answer");
        self.look_at(status, changes);
        serde_json::to_string(&response).expect("Lambda sends it as JSON")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing that is sent makes the server fail. What was changed is forgotten, so that every
    /// input finds the same store.
    fn look_at(&self, status: StatusCode, changes: bool) {
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
        if changes && status.is_success() {
            *self.state() = self.runtime.block_on(State::new());
        }
    }
}

impl State {
    /// The service over a new store, which has the author with an article and an image.
    async fn new() -> Self {
        let variables = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::from_variables(variables.into()).map_err(|problems| problems.to_string());
        let database = Arc::new(Database::embedded(None).await.expect("a store in memory"));
        add_author(&database).await;
        let app = app::build(config.expect("a configuration"), database).expect("a server");
        let service = HttpService::new(app.clone(), router::build(app));
        let article = r#"{"title": "Hello", "body": "*world*", "meta_description": "x"}"#;
        let published = post("/v1/articles", "application/json", article);
        assert_eq!(call(service.clone(), published).await.status(), StatusCode::CREATED);
        let form = format!("multipart/form-data; boundary={}", seeds::BOUNDARY);
        let uploaded = call(service.clone(), post("/v1/assets/images", &form, seeds::forms().swap_remove(0))).await;
        let addresses: serde_json::Value = serde_json::from_slice(uploaded.body()).expect("JSON");
        let address = addresses["image_objects_urls"][0].as_str().expect("an address");
        let image = address.strip_prefix("http://127.0.0.1:8000").expect("our own").to_owned();
        Self { service, image }
    }
}

fn post(path: &str, media_type: &str, body: impl Into<Body>) -> Request {
    let request = Request::post(path).header(AUTHORIZATION, format!("Bearer {}", tokens::access()));
    request.header(CONTENT_TYPE, media_type).body(body.into()).expect("a request")
}

async fn call(service: HttpService, request: Request) -> Response<Bytes> {
    let Ok(response) = service.call(request, PeerAddress::UNKNOWN).await;
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.collect().await.expect("a body in memory").to_bytes())
}

async fn add_author(database: &Database) {
    let created_at: Timestamp = "2020-01-01T00:00:00Z".parse().expect("a moment");
    let expires_at: Timestamp = "2100-01-01T00:00:00Z".parse().expect("a moment");
    let account = NewAccount {
        created_at,
        email: "ada@example.com".parse().expect("an address"),
        username: "ada".parse().expect("a name"),
        password: PasswordHash::from_stored("nothing hashes to this".to_owned()),
    };
    let username = account.username.clone();
    let added = database.register(account, None, None).await.expect("a new author");
    assert_eq!(added.user.id, 1);
    database.verify(&added.account, created_at).await.expect("an account");
    let refresh_token = RefreshTokenHash::of(&tokens::refresh());
    database.keep_refresh_token(&username, &refresh_token, expires_at).await.expect("an account");
}
