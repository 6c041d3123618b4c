//! The configuration: read once, from the environment, into one typed value.

mod limits;
mod mail;
mod memory;
mod metrics;
mod places;
mod reader;
mod secret_key;
pub(crate) mod variables;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use ipnet::IpNet;
use lettre::message::Mailbox;
use talelio::AwsEndpoint;
use talelio::business::{Allowlist, Rates, SecretKey};
use talelio::database::TableConfig;
use talelio::mail::Smtp;
use talelio::objects::BucketConfig;
use tracing_subscriber::filter::Targets;

use crate::response_cache::TimeToLive;
pub(crate) use metrics::MetricsConfig;
use reader::{Problems, Reader, is_url};

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    Development,
    Production,
}

/// Where data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataDir {
    Memory,
    Folder(PathBuf),
}

impl DataDir {
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        match self {
            Self::Memory => None,
            Self::Folder(folder) => Some(folder),
        }
    }
}

/// Everything the operator decides. `variables.rs` says what each means.
pub(crate) struct Config {
    pub(crate) environment: Environment,
    /// Started by AWS Lambda.
    pub(crate) lambda: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) metrics: MetricsConfig,
    /// What tokens are signed with, if the operator has said so.
    secret_key: Option<SecretKey>,
    pub(crate) data_dir: DataDir,
    /// The table outside; the embedded store without it.
    pub(crate) connection: Option<TableConfig>,
    /// The memory that there is, in bytes.
    pub(crate) memory_limit: usize,
    /// How long responses are cached.
    pub(crate) cache_ttl: TimeToLive,
    /// The bucket of the images; a folder in `data_dir` without it.
    pub(crate) bucket: Option<BucketConfig>,
    pub(crate) api_base_url: String,
    pub(crate) site_base_url: String,
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// Whether requests are limited at all.
    pub(crate) limited: bool,
    pub(crate) rates: Rates,
    /// How many passwords of a network wait to be hashed.
    pub(crate) login_queue: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) cookie_domain: Option<String>,
    pub(crate) allowlist: Option<Allowlist>,
    pub(crate) smtp: Option<Smtp>,
    pub(crate) sender: Mailbox,
    /// What is not set although it should be in production, if this is.
    pub(crate) unset: Vec<&'static str>,
    pub(crate) log_filter: Targets,
    pub(crate) log_colours: bool,
}

impl Config {
    /// Reads the environment and, unless it says production or Lambda, the file
    /// `.env` in the working directory, which overrides nothing.
    pub(crate) fn read() -> Result<Self, Problems> {
        let production = std::env::var("ENV").is_ok_and(|env| env == "production");
        if !production && std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
            match dotenvy::from_filename_iter(".env") {
                Ok(_) if std::path::Path::new(".env").exists() => {
                    dotenvy::from_path(".env").map_err(|error| Problems::one(format!(".env: {error}")))?;
                }
                _ => {}
            }
        }
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().map_err(|_| ()).unwrap_or_default()))
        });
        Self::from_variables(variables.collect())
    }

    /// What tokens are signed with. In development, a key that is kept in the data folder, and made
    /// when there is none.
    pub(crate) fn secret_key(&mut self) -> std::io::Result<SecretKey> {
        self.secret_key.take().map_or_else(|| secret_key::development_key(self.data_dir.folder()), Ok)
    }

    pub(crate) fn from_variables(variables: HashMap<String, String>) -> Result<Self, Problems> {
        let mut reader = Reader::new(variables);
        let config = reader.config();
        reader.finish(config)
    }
}

/// What production is not meant to be without, although it starts.
const IN_PRODUCTION: [&str; 6] =
    ["WHITELISTED_EMAILS", "API_BASE_URL", "SITE_BASE_URL", "CORS_ORIGINS", "COOKIE_DOMAIN", "EMAIL_SERVER"];

/// Likewise, where it listens itself.
const AS_SERVER: [&str; 2] = ["HOST", "TRUSTED_PROXIES"];

impl Reader {
    fn config(&mut self) -> Config {
        let environment = match self.text("ENV").as_deref() {
            None | Some("development") => Environment::Development,
            Some("production") => Environment::Production,
            Some(other) => {
                self.problem("ENV", &format!("expected `development` or `production`, not `{other}`"));
                Environment::Production
            }
        };
        self.refuse_unknown_limits();
        let production = environment == Environment::Production;
        let lambda = self.text("AWS_LAMBDA_RUNTIME_API").is_some();
        let connection = self.connection();
        let bucket = self.bucket();
        if lambda && production && connection.is_none() {
            self.problem("DYNAMODB_TABLE", "required in Lambda, where no file survives");
        }
        let data_dir = match self.text("DATA_DIR").as_deref() {
            Some(":memory:") => DataDir::Memory,
            // Lambda's file system is read-only.
            None if lambda => DataDir::Memory,
            None => DataDir::Folder("data".into()),
            Some(folder) => DataDir::Folder(folder.into()),
        };
        let secret_key = self.secret_key(production);
        let sender = self.sender();
        let port = self.parsed("PORT", "8000", "a port, 0 to 65535").unwrap_or(8000);
        let origins = if production { "https://www.talel.io,https://talel.io" } else { "http://127.0.0.1:3000" };
        Config {
            environment,
            lambda,
            host: self.text("HOST").unwrap_or_else(|| "127.0.0.1".to_owned()),
            port,
            metrics: self.metrics(),
            data_dir,
            memory_limit: self.memory_limit(),
            cache_ttl: self.cache_ttl(connection.is_some()),
            connection,
            bucket,
            api_base_url: self.url("API_BASE_URL", &default_api_base_url(port)),
            site_base_url: self.url("SITE_BASE_URL", "https://www.talel.io"),
            cors_origins: self.list("CORS_ORIGINS", origins, "origins such as https://www.talel.io", |origin| {
                let plain = is_url(origin) && !origin.ends_with('/') && origin.matches('/').count() == 2;
                HeaderValue::from_str(origin).ok().filter(|_| plain)
            }),
            limited: self.limited(production),
            rates: self.rates(),
            login_queue: self.login_queue(),
            trusted_proxies: self.trusted_proxies(),
            cookie_domain: self.cookie_domain(),
            allowlist: self.allowlist(),
            smtp: self.smtp(sender.as_ref(), production),
            sender: sender.unwrap_or_else(mail::default_sender),
            unset: self.unset(production, lambda),
            log_filter: self
                .parsed("RUST_LOG", "info", "levels such as `warn` or `info,talelio=debug`")
                .unwrap_or_default(),
            log_colours: !self.is_set("NO_COLOR"),
            secret_key,
        }
    }

    fn unset(&self, production: bool, lambda: bool) -> Vec<&'static str> {
        let expected = IN_PRODUCTION.into_iter().chain(AS_SERVER.into_iter().filter(|_| !lambda));
        expected.filter(|name| production && !self.is_set(name)).collect()
    }

    fn connection(&mut self) -> Option<TableConfig> {
        let table = self.text("DYNAMODB_TABLE");
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        let valid = |table: &String| (3..=255).contains(&table.len()) && table.bytes().all(allowed);
        if !table.as_ref().is_none_or(valid) {
            self.problem("DYNAMODB_TABLE", "expected 3 to 255 letters, digits, `_`, `-` or `.`");
        }
        let endpoint = self.endpoint("DYNAMODB_TABLE", "AWS_ENDPOINT_URL_DYNAMODB");
        Some(TableConfig { table: table?, endpoint })
    }

    /// By default, until something changes where only this process can change it, and
    /// otherwise for as briefly as nobody minds.
    fn cache_ttl(&mut self, shared: bool) -> TimeToLive {
        if !shared && self.text("CACHE_TTL").is_none() {
            return TimeToLive::UntilChanged;
        }
        let seconds = self.parsed("CACHE_TTL", "2", "whole seconds, 0 to 4294967295").unwrap_or(0_u32);
        TimeToLive::AtMost(Duration::from_secs(seconds.into()))
    }

    /// Where much more than this is used, something is wrong, however much there is.
    fn memory_limit(&mut self) -> usize {
        const MOST: usize = 1 << 30;
        const LEAST: usize = 64 << 20;
        let given = self.text("MEMORY_LIMIT").map(|given| {
            given.parse().ok().filter(|bytes| *bytes >= LEAST).unwrap_or_else(|| {
                self.problem("MEMORY_LIMIT", &format!("expected a number of bytes, {LEAST} or more, not `{given}`"));
                LEAST
            })
        });
        let of_lambda = || Some(self.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.parse::<usize>().ok()? << 20);
        let limit = given.or_else(of_lambda).unwrap_or_else(memory::available);
        limit.clamp(LEAST, MOST)
    }

    fn bucket(&mut self) -> Option<BucketConfig> {
        let name = self.text("S3_BUCKET");
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b);
        let valid = |name: &String| (3..=63).contains(&name.len()) && name.bytes().all(allowed);
        if !name.as_ref().is_none_or(valid) {
            self.problem("S3_BUCKET", "expected 3 to 63 lower case letters, digits, `-` or `.`");
        }
        let endpoint = self.endpoint("S3_BUCKET", "AWS_ENDPOINT_URL_S3");
        Some(BucketConfig { name: name?, endpoint })
    }

    /// Where the service is that the variable `used_by` asks for.
    fn endpoint(&mut self, used_by: &str, variable: &str) -> AwsEndpoint {
        let url = self.text(variable);
        let region = self.text("AWS_REGION").or_else(|| self.text("AWS_DEFAULT_REGION"));
        if url.as_deref().is_some_and(|url| !is_url(url)) {
            self.problem(variable, "expected a URL such as http://127.0.0.1:8001");
        }
        if region.is_none() && url.is_none() && self.text(used_by).is_some() {
            self.problem("AWS_REGION", &format!("required with {used_by}"));
        }
        AwsEndpoint { region: region.unwrap_or_else(|| "us-east-1".to_owned()), url }
    }

    fn secret_key(&mut self, production: bool) -> Option<SecretKey> {
        let key = match self.text("SECRET_KEY") {
            Some(key) => SecretKey::new(key).map_err(|error| error.to_string()),
            None if production => Err(format!("required in production, {} bytes or more", SecretKey::MIN_BYTES)),
            None => return None,
        };
        key.map_err(|problem| self.problem("SECRET_KEY", &problem)).ok()
    }

    fn cookie_domain(&mut self) -> Option<String> {
        let domain = self.text("COOKIE_DOMAIN")?;
        if !domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
            self.problem("COOKIE_DOMAIN", "expected a domain such as .talel.io");
        }
        Some(domain)
    }

    fn allowlist(&mut self) -> Option<Allowlist> {
        // Set but empty admits nobody, so this one is not read through `text`.
        self.is_set("WHITELISTED_EMAILS").then(|| {
            let emails = self.list("WHITELISTED_EMAILS", "", "mail addresses", |email| email.parse().ok());
            emails.into_iter().collect()
        })
    }
}

/// A free port, which 0 asks for, is not known yet.
fn default_api_base_url(port: u16) -> String {
    format!("http://127.0.0.1:{}", if port == 0 { 8000 } else { port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Problems> {
        let memory = [("DATA_DIR", ":memory:")];
        let variables = memory.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_variables(variables.collect())
    }

    fn problems(variables: &[(&str, &str)]) -> String {
        read(variables).err().expect("problems").to_string()
    }

    #[test]
    fn nothing_needs_to_be_set_in_development() {
        let config = read(&[]).unwrap();
        assert_eq!(config.environment, Environment::Development);
        assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8000));
        assert_eq!(config.api_base_url, "http://127.0.0.1:8000");
        assert_eq!(read(&[("PORT", "9000")]).unwrap().api_base_url, "http://127.0.0.1:9000");
        assert_eq!(config.cors_origins, ["http://127.0.0.1:3000"]);
        assert!(config.allowlist.is_none() && config.smtp.is_none() && config.connection.is_none());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        insta::assert_snapshot!(problems(&[
            ("ENV", "prod"),
            ("PORT", "70000"),
            ("SECRET_KEY", "short"),
            ("DYNAMODB_TABLE", "a b"),
            ("CACHE_TTL", "2s"),
            ("S3_BUCKET", "A"),
            ("API_BASE_URL", "talel.io"),
            ("CORS_ORIGINS", "https://a.b,c"),
            ("WHITELISTED_EMAILS", "a@b.se, c"),
            ("EMAIL_SERVER", "smtp.example.com"),
            ("EMAIL_USER", "ada"),
            ("COOKIE_DOMAIN", "a;b"),
            ("RUST_LOG", "talelio=loud"),
        ]), @"
          ENV: expected `development` or `production`, not `prod`
          DYNAMODB_TABLE: expected 3 to 255 letters, digits, `_`, `-` or `.`
          AWS_REGION: required with DYNAMODB_TABLE
          S3_BUCKET: expected 3 to 63 lower case letters, digits, `-` or `.`
          AWS_REGION: required with S3_BUCKET
          SECRET_KEY: expected 32 bytes or more
          EMAIL_SENDER: expected a mail address, with or without a name before it
          PORT: expected a port, 0 to 65535, not `70000`
          CACHE_TTL: expected whole seconds, 0 to 4294967295, not `2s`
          API_BASE_URL: expected a URL such as http://127.0.0.1:8000, not `talel.io`
          CORS_ORIGINS: expected origins such as https://www.talel.io, separated by commas, not `c`
          COOKIE_DOMAIN: expected a domain such as .talel.io
          WHITELISTED_EMAILS: expected mail addresses, separated by commas, not `c`
          EMAIL_USER: EMAIL_USER and EMAIL_PASS go together
          RUST_LOG: expected levels such as `warn` or `info,talelio=debug`, not `talelio=loud`
        `talelio-backend --help` lists every variable.
        ");
    }

    #[test]
    fn production_needs_a_secret_of_32_bytes() {
        assert!(problems(&[("ENV", "production")]).contains("SECRET_KEY: required in production"));
        let config = read(&[("ENV", "production"), ("SECRET_KEY", &"s".repeat(32))]).unwrap();
        assert_eq!(config.cors_origins, ["https://www.talel.io", "https://talel.io"]);
    }

    #[test]
    fn a_allowlist_that_is_empty_is_not_one_that_is_missing() {
        assert!(read(&[("WHITELISTED_EMAILS", "")]).unwrap().allowlist.is_some());
        let allowlist = read(&[("WHITELISTED_EMAILS", "Ada@example.com, b@c.se")]).unwrap().allowlist.unwrap();
        assert!(allowlist.contains(&"ada@example.com".parse().unwrap()));
    }

    #[test]
    fn responses_are_cached_as_long_as_nobody_else_can_change_them() {
        let ttl = |variables: &[(&str, &str)]| read(variables).unwrap().cache_ttl;
        let table = [("DYNAMODB_TABLE", "talelio"), ("AWS_REGION", "eu-north-1")];
        assert_eq!(ttl(&[]), TimeToLive::UntilChanged);
        assert_eq!(ttl(&table), TimeToLive::AtMost(Duration::from_secs(2)));
        assert_eq!(ttl(&[("CACHE_TTL", "0")]), TimeToLive::AtMost(Duration::ZERO));
        assert_eq!(ttl(&[table[0], table[1], ("CACHE_TTL", "60")]), TimeToLive::AtMost(Duration::from_mins(1)));
    }

    #[test]
    fn lambda_in_production_needs_a_table() {
        let lambda = [("AWS_LAMBDA_RUNTIME_API", "x"), ("ENV", "production"), ("SECRET_KEY", &"s".repeat(32))];
        assert!(problems(&lambda).contains("DYNAMODB_TABLE: required in Lambda"));
    }
}
