//! The client for AWS, or for an engine that speaks its protocol over HTTP.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};

use crate::aws::AwsEndpoint;

/// Where the table is.
#[derive(Clone, Debug)]
pub struct TableConfig {
    /// The name of the table.
    pub table: String,
    /// Where DynamoDB is.
    pub endpoint: AwsEndpoint,
}

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) fn connect(TableConfig { endpoint, .. }: &TableConfig) -> Client {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(endpoint.region.clone()))
        .credentials_provider(endpoint.credentials())
        .http_client(endpoint.http_client())
        // See `attempts`.
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
    config.set_endpoint_url(endpoint.url.clone());
    Client::from_conf(config.build())
}
