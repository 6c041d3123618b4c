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

pub(super) fn connect(TableConfig { endpoint, .. }: &TableConfig) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(endpoint.region.clone()))
        .credentials_provider(endpoint.credentials())
        .http_client(endpoint.http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .timeout_config(timeouts);
    config.set_endpoint_url(endpoint.url.clone());
    Client::from_conf(config.build())
}
