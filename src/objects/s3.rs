//! The client for S3, or for a storage that speaks its protocol.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_sdk_dynamodb::config::ProvideCredentials;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::{BackoffConfig, CredentialProvider, Error, RetryConfig};
use tokio::sync::Mutex;

use super::http::Connector;
use crate::aws::AwsEndpoint;

/// Where the bucket is.
#[derive(Clone, Debug)]
pub struct BucketConfig {
    /// Its name.
    pub name: String,
    /// Where S3 is.
    pub endpoint: AwsEndpoint,
}

pub(super) fn connect(BucketConfig { name, endpoint }: &BucketConfig) -> object_store::Result<AmazonS3> {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(50), ..BackoffConfig::default() };
    let retry = RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_millis(1_500) };
    let builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&endpoint.region)
        .with_credentials(Arc::new(Identity { chain: endpoint.credentials(), known: Mutex::default() }))
        .with_http_connector(Connector)
        .with_retry(retry);
    match &endpoint.url {
        // Buckets of AWS have host names; what else speaks S3 may not know them.
        None => builder.with_virtual_hosted_style_request(true).build(),
        Some(url) => builder.with_endpoint(url).with_allow_http(endpoint.is_plaintext()).build(),
    }
}

/// How long before they expire credentials are renewed.
const RENEWAL_MARGIN: Duration = Duration::from_mins(5);

/// Who we are, as long as that is good.
struct Identity {
    chain: CredentialsProviderChain,
    known: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Identity {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        if let Some((credential, expiry)) = &*known
            && expiry.is_none_or(|expiry| SystemTime::now() + RENEWAL_MARGIN < expiry)
        {
            return Ok(Arc::clone(credential));
        }
        let unknown = |error| Error::Generic { store: "S3", source: Box::new(error) };
        let credentials = self.chain.provide_credentials().await.map_err(unknown)?;
        let credential = Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        });
        *known = Some((Arc::clone(&credential), credentials.expiry()));
        Ok(credential)
    }
}
