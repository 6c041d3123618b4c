//! The client for AWS, or for an engine that speaks its protocol over HTTP.

use std::fmt::Write as _;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use base64::Engine as _;

/// Where the table is.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The name of the table.
    pub table: String,
    /// The AWS region, such as `eu-north-1`.
    pub region: String,
    /// An engine other than AWS's own, such as `http://127.0.0.1:8001`.
    pub endpoint: Option<String>,
}

pub(super) fn connect(connection: &Connection) -> Client {
    let http = if connection.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) {
        Builder::new().build_http()
    } else {
        https()
    };
    let region = Region::new(connection.region.clone());
    let provider = ProviderConfig::empty().with_region(Some(region.clone())).with_http_client(http.clone());
    // Lambda sets the variables and ECS the address; the profiles, instance
    // metadata and single sign-on of the default chain would only be waited for.
    let mut credentials =
        CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&provider).build());
    if connection.endpoint.is_some() {
        // A local engine takes any.
        credentials = credentials.or_else("Local", Credentials::new("local", "local", None, None, "local"));
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .timeout_config(timeouts);
    config.set_endpoint_url(connection.endpoint.clone());
    Client::from_conf(config.build())
}

/// A client that trusts Mozilla's roots, compiled in: no file of the system is
/// looked for and an image needs none.
fn https() -> SharedHttpClient {
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let der = base64::engine::general_purpose::STANDARD.encode(root);
        let _ = writeln!(pem, "-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----");
    }
    let trust = TrustStore::empty().with_pem_certificate(pem);
    let context = TlsContext::builder().with_trust_store(trust).build().expect("the roots are valid certificates");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https()
}
