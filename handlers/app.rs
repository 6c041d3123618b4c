//! Putting the layers together.

use std::sync::Arc;

use http::HeaderValue;
use ipnet::IpNet;
use talelio::business::memory::MemoryBudget;
use talelio::business::{
    AccountMails, Accounts, AccountsConfig, Articles, Clock, EmptyBin, Images, InProcessLimits, Job, Jobs, LimitStore,
    Limits, MailJob, Mailer, Profiles, Projects, Readiness, Renderer, Rerender, SweepObjects, SystemClock, Tokens,
    Unlimited,
};
use talelio::database::{Database, OpenError, RecordCounts, Recovery};
use talelio::mail::Outbox;
use talelio::objects::{self, Objects};
use uuid::Uuid;

use crate::config::{Config, Environment};
use crate::http::cookies::CookieSettings;
use crate::response_cache::ResponseCache;

/// The state that handlers share.
pub(crate) type App = Arc<AppState>;

/// The services, and what presentation decides by itself.
pub(crate) struct AppState {
    /// What all requests together may hold.
    pub(crate) memory: MemoryBudget,
    pub(crate) response_cache: ResponseCache,
    pub(crate) accounts: Accounts,
    pub(crate) articles: Articles,
    pub(crate) images: Images,
    pub(crate) profiles: Profiles,
    pub(crate) projects: Projects,
    pub(crate) rerender: Rerender,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) readiness: Readiness,
    /// Where this API is reached.
    pub(crate) api_base_url: String,
    pub(crate) cookies: CookieSettings,
    pub(crate) cors_origins: Vec<HeaderValue>,
    pub(crate) limits: Arc<Limits>,
    /// The proxies whose `X-Forwarded-For` is true.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Whether responses tell what they consumed in the store.
    pub(crate) report_consumed_capacity: bool,
}

/// Why the program cannot start or go on.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Builds everything on a store.
pub(crate) fn build(mut config: Config, database: Arc<Database>) -> Result<App, BoxError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = Arc::new(Tokens::new(&config.secret_key()?));
    let production = config.environment == Environment::Production;
    let mails = Arc::new(AccountMails::new(tokens.clone(), config.api_base_url.clone()));
    let mail = MailJob::new(database.clone(), mailer(&config), mails, clock.clone());
    // The next process to open a folder is the same to leases: the one before it is no more.
    let holder = if config.connection.is_some() { Uuid::now_v7() } else { Uuid::nil() };
    let mut jobs: Vec<Arc<dyn Job>> = vec![Arc::new(mail)];
    if let (None, Some(folder)) = (&config.connection, config.data_dir.folder()) {
        jobs.push(Arc::new(RecordCounts::new(database.clone(), folder.to_owned())));
    }
    let objects = Arc::new(open_objects(&config)?);
    jobs.push(Arc::new(SweepObjects::new(database.clone(), objects.clone(), clock.clone())));
    jobs.push(Arc::new(EmptyBin::new(database.clone(), clock.clone())));
    let jobs = Arc::new(Jobs::new(jobs, database.clone(), clock.clone(), holder));
    let readiness = Readiness::new(vec![("table", database.clone()), ("bucket", objects.clone())]);
    let renderer = Renderer::new(database.clone(), &config.site_base_url, &config.api_base_url);
    let limits = Arc::new(Limits::new(limit_store(&config, &database, &clock), clock.clone(), config.rates));
    let images = Images::new(
        database.clone(),
        objects,
        clock.clone(),
        limits.clone(),
        &config.api_base_url,
        config.memory_limit as u64 * 7 / 16,
    );
    let accounts_config = AccountsConfig {
        allowlist: config.allowlist,
        hashing_memory: config.memory_limit / 8,
        max_waiting_of_network: if config.limited { config.login_queue } else { usize::MAX },
    };
    Ok(Arc::new(AppState {
        // Lambda sends a process one request at a time, and nobody holds anything beside it.
        memory: MemoryBudget::new(config.memory_limit / 8 * if config.lambda { 3 } else { 2 }),
        response_cache: ResponseCache::new(config.cache_ttl, config.memory_limit / 16),
        accounts: Accounts::new(database.clone(), clock.clone(), tokens, limits.clone(), jobs.clone(), accounts_config),
        articles: Articles::new(
            database.clone(),
            clock.clone(),
            limits.clone(),
            renderer.clone(),
            &config.site_base_url,
        ),
        images,
        profiles: Profiles::new(
            database.clone(),
            clock.clone(),
            limits.clone(),
            renderer.clone(),
            &config.api_base_url,
        ),
        projects: Projects::new(database.clone(), clock, limits.clone(), renderer.clone()),
        rerender: Rerender::new(database, renderer),
        jobs,
        readiness,
        limits,
        trusted_proxies: config.trusted_proxies,
        api_base_url: config.api_base_url,
        cookies: CookieSettings { secure: production, domain: config.cookie_domain.filter(|_| production) },
        cors_origins: config.cors_origins,
        report_consumed_capacity: !production,
    }))
}

/// Where limits are counted: in the table where nobody knows how many processes there are.
fn limit_store(config: &Config, database: &Arc<Database>, clock: &Arc<dyn Clock>) -> Arc<dyn LimitStore> {
    match () {
        () if !config.limited => Arc::new(Unlimited),
        () if config.lambda => Arc::clone(database) as Arc<dyn LimitStore>,
        () => Arc::new(InProcessLimits::new(Arc::clone(clock))),
    }
}

/// Sends a store its first request. One that does not answer yet may do so by the time
/// somebody asks; one without a table will not.
pub(crate) async fn warm_up(database: Arc<Database>) -> Result<(), OpenError> {
    match database.warm_up().await {
        Err(OpenError::Fault(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "DynamoDB is not reachable yet");
            Ok(())
        }
        warmed_up => warmed_up,
    }
}

/// Refuses a folder that nobody has kept a store in, rather than making one there.
pub(crate) fn require_store(config: &Config) -> Result<(), BoxError> {
    match (&config.connection, config.data_dir.folder()) {
        (None, Some(folder)) if !Database::is_in(folder) => {
            Err(format!("there is no store in {}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

/// The store that the configuration asks for.
pub(crate) async fn open_database(config: &Config) -> Result<Database, OpenError> {
    match &config.connection {
        Some(connection) => Ok(Database::connect(connection)),
        None => Database::embedded(config.data_dir.folder()).await,
    }
}

/// The same, to be repaired, and what was done to open it.
pub(crate) async fn open_damaged_database(config: &Config) -> Result<(Database, Recovery), OpenError> {
    match (&config.connection, config.data_dir.folder()) {
        (None, Some(folder)) => Database::for_repair(folder).await,
        _ => Ok((open_database(config).await?, Recovery::default())),
    }
}

/// The storage of images that the configuration asks for.
fn open_objects(config: &Config) -> Result<Objects, objects::OpenError> {
    let folder = config.data_dir.folder().map(|folder| folder.join("objects"));
    match &config.bucket {
        Some(bucket) => return Objects::bucket(bucket),
        None if folder.is_none() && config.environment == Environment::Production => {
            tracing::warn!("neither S3_BUCKET nor a folder in DATA_DIR: images are lost when this process ends");
        }
        None => {}
    }
    Objects::local(folder.as_deref())
}

fn mailer(config: &Config) -> Arc<dyn Mailer> {
    if let Some(smtp) = &config.smtp {
        return Arc::new(smtp.clone());
    }
    let folder = config.data_dir.folder().map(|folder| folder.join("outbox"));
    let show_links = config.environment == Environment::Development;
    Arc::new(Outbox::new(folder, config.sender.clone(), show_links))
}
