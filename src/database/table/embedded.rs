//! The embedded engine: dynoxide, DynamoDB on SQLite, in this process.
//!
//! The SDK's client is the same as for AWS; only the last step differs. Where an
//! HTTP connection would carry the request away, [`EmbeddedEngine`] hands its
//! operation and body to a thread that owns the engine, and answers with what
//! comes back. The engine works on one request at a time and waits for the disk
//! to confirm each write, which is nothing for an async thread to wait for.
//!
//! A request that the engine has begun is waited for, however long the disk takes. One that
//! it does not begin in time is [withdrawn](Turn), so that it surely is not carried out.

use std::fmt;
use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use metrics::gauge;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::attempts::{STORAGE_DAMAGED, STORAGE_FULL, STORAGE_GONE};
use super::damage;
use super::file::{has_damaged_log, has_log_of_another, log_files};
use crate::database::error::OpenError;

/// The engine's file in the data folder.
pub(in crate::database) const FILE: &str = "talelio.db";

/// The table in it.
pub(super) const TABLE: &str = "talelio";

/// Held by the process that uses the folder.
const LOCK: &str = "talelio.lock";

/// Opens the engine, in memory only without a folder, and returns a client for it.
pub(super) fn open(folder: Option<&Path>) -> Result<Client, OpenError> {
    let engine = match folder {
        None => start(Database::memory, None).map_err(|reason| unusable(Path::new(":memory:"), reason))?,
        Some(folder) => {
            let lock = lock(folder)?;
            let file = folder.join(FILE);
            if file.exists() && has_damaged_log(&file).map_err(|error| unusable(folder, error))? {
                let reason = format!(
                    "{FILE}-wal is damaged, and has what was written last: make a backup of the folder, and run \
                     `talelio-backend check --repair`"
                );
                return Err(unusable(folder, reason));
            }
            for path in [file.clone()].iter().chain(&log_files(&file)) {
                for_owner_only(path).map_err(|error| unusable(path, error))?;
            }
            let path = file.to_str().ok_or_else(|| unusable(folder, "the path is not UTF-8"))?.to_owned();
            start(move || Database::new(&path), Some(Files { file, _lock: lock }))
                .map_err(|reason| not_opened(folder, &reason))?
        }
    };
    Ok(client(engine))
}

/// Opens the engine on a file of any name that nobody else uses.
pub(super) fn open_file(file: &Path) -> Result<Client, OpenError> {
    let path = file.to_string_lossy().into_owned();
    Ok(client(start(move || Database::new(&path), None).map_err(|reason| unusable(file, reason))?))
}

/// An engine in memory.
#[cfg(test)]
pub(super) fn in_memory() -> impl HttpConnector + Clone + 'static {
    start(Database::memory, None).unwrap()
}

/// A client that hands its requests to `engine`.
pub(super) fn client(engine: impl HttpClient + 'static) -> Client {
    // The endpoint and the credentials are never used, but the SDK builds and
    // signs a request with them.
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("embedded"))
        .endpoint_url("http://embedded.invalid")
        .credentials_provider(Credentials::new("embedded", "embedded", None, None, "embedded"))
        .retry_config(RetryConfig::disabled())
        // There is no network between us and the engine.
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(engine)
        .build();
    Client::from_conf(config)
}

/// Takes a file, if it is there, from everybody but its owner.
fn for_owner_only(file: &Path) -> std::io::Result<()> {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.permissions().mode() & 0o777 == 0o600 => Ok(()),
        Ok(_) => std::fs::set_permissions(file, Permissions::from_mode(0o600)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the folder, for its owner only, keeps other processes out of it, and looks whether what is in
/// it belongs together.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| unusable(folder, error))?;
    let lock = folder.join(LOCK);
    let lock = File::create(&lock).map_err(|error| unusable(&lock, error))?;
    lock.try_lock().map_err(|_| unusable(folder, "another process uses it: stop that first"))?;
    if has_log_of_another(&folder.join(FILE)) {
        let reason = format!(
            "{FILE}-wal is the log of another database, which opening {FILE} would write into it: remove it if {FILE} \
             was put back from a backup"
        );
        return Err(unusable(folder, reason));
    }
    Ok(lock)
}

fn unusable(folder: &Path, reason: impl fmt::Display) -> OpenError {
    OpenError::Unusable { path: folder.display().to_string(), reason: reason.to_string() }
}

/// How long a request waits for those before it: whoever asked should hear in two seconds
/// that nothing came of it.
const QUEUE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The files that the engine works on, and the lock on their folder.
struct Files {
    file: PathBuf,
    _lock: File,
}

impl Files {
    /// What tells the file that is there now from any other.
    fn identity(&self) -> std::io::Result<(u64, u64)> {
        let metadata = std::fs::metadata(&self.file)?;
        Ok((metadata.dev(), metadata.ino()))
    }
}

/// A request on its way to the engine's thread.
struct EngineRequest {
    operation: String,
    body: String,
    turn: Turn,
    response: oneshot::Sender<EngineResponse>,
}

/// What the engine and whoever waits for it agree on: the first to take it decides whether a
/// request is carried out.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// Withdraws a request that is not waited for any more.
struct Withdrawal(Turn);

impl Drop for Withdrawal {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// A status and a JSON body.
type EngineResponse = (u16, String);

/// The SDK's way to the engine. Clones share it.
#[derive(Clone, Debug)]
struct EmbeddedEngine(Arc<Engine>);

/// The engine's thread. When this goes, the thread has ended, the file is closed
/// and the folder is free for the next process.
#[derive(Debug)]
struct Engine {
    requests: Option<mpsc::Sender<EngineRequest>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.requests = None;
        // A thread that panicked has nothing left to close.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Starts the thread that owns the engine, and the lock that makes it the only one.
fn start(
    open: impl FnOnce() -> Result<Database, DynoxideError> + Send + 'static,
    files: Option<Files>,
) -> Result<EmbeddedEngine, String> {
    let database = open().map_err(|error| error.to_string())?;
    let opened = files.as_ref().map(Files::identity).transpose().map_err(|error| error.to_string())?;
    // Expired items are ignored when they are read; this frees their space. It takes the longer the more
    // there is, so it is done before anybody waits for an answer.
    if let Err(error) = database.sweep_ttl() {
        tracing::warn!(%error, "expired items not removed");
    }
    let (requests, queue) = mpsc::channel::<EngineRequest>();
    let work = move || {
        for request in queue {
            gauge!("talelio_engine_queue").decrement(1.0);
            if !request.turn.take() {
                continue;
            }
            let response = if files.as_ref().is_none_or(|files| files.identity().ok() == opened) {
                let work = || execute(&database, &request.operation, &request.body);
                catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| failure("the engine panicked"))
            } else {
                (500, error_body(STORAGE_GONE, "the database file was removed or replaced while it was in use"))
            };
            // Nobody waits any more when the request was cancelled.
            let _ = request.response.send(response);
        }
    };
    let thread =
        std::thread::Builder::new().name("engine".to_owned()).spawn(work).map_err(|error| error.to_string())?;
    Ok(EmbeddedEngine(Arc::new(Engine { requests: Some(requests), thread: Some(thread) })))
}

impl HttpClient for EmbeddedEngine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedEngine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (response, mut receiver) = oneshot::channel();
        let turn = Turn::default();
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let operation = operation.unwrap_or_default().to_owned();
        let body = request.body().bytes().and_then(|body| String::from_utf8(body.to_vec()).ok()).unwrap_or_default();
        gauge!("talelio_engine_queue").increment(1.0);
        let sent = self.0.requests.as_ref().is_some_and(|requests| {
            requests.send(EngineRequest { operation, body, turn: turn.clone(), response }).is_ok()
        });
        HttpConnectorFuture::new(async move {
            let gone = || ConnectorError::other("the engine has stopped".into(), None);
            if !sent {
                return Err(gone());
            }
            let withdrawal = Withdrawal(turn);
            let (status, body) = match timeout(QUEUE_TIMEOUT, &mut receiver).await {
                Err(_) if withdrawal.0.take() => busy(),
                Err(_) => receiver.await.map_err(|_| gone())?,
                Ok(response) => response.map_err(|_| gone())?,
            };
            let status = status.try_into().map_err(|_| gone())?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

fn execute(database: &Database, operation: &str, body: &str) -> EngineResponse {
    let looked = || damage::look(database, operation, body);
    let result = match operation {
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DeleteItem" => looked().and_then(|()| run(body, |request| database.delete_item(request))),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "DescribeTimeToLive" => run(body, |request| database.describe_time_to_live(request)),
        "GetItem" => run(body, |request| {
            let response = database.get_item(request)?;
            if response.item.is_none() {
                looked()?;
            }
            Ok(response)
        }),
        "PutItem" => looked().and_then(|()| run(body, |request| database.put_item(request))),
        "Query" => run(body, |request| database.query(request)),
        "Scan" => run(body, |request| database.scan(request)),
        "TransactWriteItems" => looked().and_then(|()| run(body, |request| database.transact_write_items(request))),
        "UpdateItem" => looked().and_then(|()| run(body, |request| database.update_item(request))),
        "UpdateTimeToLive" => run(body, |request| database.update_time_to_live(request)),
        _ => return (400, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.to_owned()),
    };
    result.map_or_else(|error| refusal(&error), |body| (200, body))
}

fn refusal(error: &DynoxideError) -> EngineResponse {
    match error {
        error if is_full(error) => (507, error_body(STORAGE_FULL, "the disk is full")),
        error if is_damaged(error) => (500, error_body(STORAGE_DAMAGED, &error.to_string())),
        error => (error.status_code(), error.to_json()),
    }
}

/// Whether the disk has no room: nothing was changed then.
fn is_full(error: &DynoxideError) -> bool {
    error.status_code() == 500 && error.to_string().contains("disk is full")
}

/// Whether the file does not say what was stored: nothing was changed then.
fn is_damaged(error: &DynoxideError) -> bool {
    error.status_code() == 500 && tells_of_damage(&error.to_string())
}

fn tells_of_damage(message: &str) -> bool {
    let signs =
        ["Bad item JSON", "malformed", "not a database", "Conversion error", "Invalid column type", "invalid utf-8"];
    signs.iter().any(|sign| message.contains(sign))
}

/// Why the file could not be opened.
fn not_opened(folder: &Path, reason: &str) -> OpenError {
    let path = folder.display().to_string();
    match reason {
        // The engine's own words are about a key that there is none of.
        _ if reason.contains("not a valid SQLite database") => {
            OpenError::Damaged { path, reason: format!("{FILE} is damaged or of another program") }
        }
        _ if tells_of_damage(reason) => OpenError::Damaged { path, reason: reason.to_owned() },
        _ => unusable(folder, reason),
    }
}

/// The answer to a request that was withdrawn.
fn busy() -> EngineResponse {
    (400, error_body("ThrottlingException", "the engine is busy"))
}

fn error_body(code: &str, message: &str) -> String {
    serde_json::json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message}).to_string()
}

fn run<Request: DeserializeOwned, Response: Serialize>(
    body: &str,
    operation: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request =
        serde_json::from_str(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let response = operation(request)?;
    serde_json::to_string(&response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn failure(reason: &str) -> EngineResponse {
    let error = DynoxideError::InternalServerError(reason.to_owned());
    (error.status_code(), error.to_json())
}
