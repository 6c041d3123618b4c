//! What the clients of AWS have in common: whom they trust, and who they are.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::LazyLock;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_dynamodb::config::{Credentials, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use base64::Engine as _;
use hyper_util::client::legacy;

/// Where a service of AWS is reached.
#[derive(Clone, Debug)]
pub struct AwsEndpoint {
    /// The AWS region, such as `eu-north-1`.
    pub region: String,
    /// The URL of a service other than AWS's own, such as `http://127.0.0.1:8001`.
    pub url: Option<String>,
}

impl AwsEndpoint {
    /// Whether the service is reached without TLS.
    pub(crate) fn is_plaintext(&self) -> bool {
        self.url.as_deref().is_some_and(|url| url.starts_with("http://"))
    }

    /// An HTTP client of the SDK for the service.
    pub(crate) fn http_client(&self) -> SharedHttpClient {
        if self.is_plaintext() { Builder::new().build_http() } else { HTTPS.clone() }
    }

    /// Who we are. Lambda sets variables and ECS an address; the profiles, instance
    /// metadata and single sign-on of the SDK's own chain would only be waited for.
    pub(crate) fn credentials(&self) -> CredentialsProviderChain {
        let region = Region::new(self.region.clone());
        let provider = ProviderConfig::empty().with_region(Some(region)).with_http_client(self.http_client());
        let chain = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&provider).build());
        if self.url.is_none() {
            return chain;
        }
        // A local service takes any.
        chain.or_else("Local", Credentials::new("local", "local", None, None, "local"))
    }
}

/// One for all services: to read all the roots takes a while of a cold start.
static HTTPS: LazyLock<SharedHttpClient> = LazyLock::new(https);

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

/// Whether a request failed because there was no connection to send it on.
pub(crate) fn is_not_connected(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The error of a client that nobody listens to, as it really is.
#[cfg(test)]
pub(crate) async fn not_connected() -> aws_smithy_runtime_api::client::result::ConnectorError {
    let connector = legacy::connect::HttpConnector::new();
    let client = legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let client = client.build::<_, http_body_util::Empty<bytes::Bytes>>(connector);
    // Nothing listens on port 1.
    aws_smithy_runtime_api::client::result::ConnectorError::io(
        client.get("http://127.0.0.1:1/".parse().unwrap()).await.unwrap_err().into(),
    )
}
