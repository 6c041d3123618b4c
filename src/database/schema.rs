//! The table itself: made once, by the operator on AWS, by the server for the
//! embedded engine.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification, ScalarAttributeType,
    TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::error::OpenError;
use super::keys;
use super::table::{Table, fault};
use crate::business::Fault;

/// The attribute that DynamoDB's time to live reads: seconds since 1970.
pub(super) const EXPIRES_AT: &str = "expires_at";

/// What was done to a table, or found done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub table: String,
    /// False when it was there before.
    pub created: bool,
    /// False when the engine does not know continuous backups.
    pub point_in_time_recovery: bool,
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = if self.created { "created" } else { "was there" };
        let backups = if self.point_in_time_recovery { "on" } else { "not known to this engine" };
        let Self { table, .. } = self;
        write!(f, "table {table} {made}; on demand, time to live on {EXPIRES_AT}, point-in-time recovery {backups}")
    }
}

pub(super) async fn create(table: &Table) -> Result<Schema, Fault> {
    let created = create_if_missing(table).await?;
    wait_until_active(table).await?;
    enable_time_to_live(table).await?;
    let point_in_time_recovery = enable_point_in_time_recovery(table).await?;
    Ok(Schema { table: table.name.clone(), created, point_in_time_recovery })
}

async fn create_if_missing(table: &Table) -> Result<bool, Fault> {
    let mut request = table.client.create_table().table_name(&table.name).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        request = request.attribute_definitions(attribute.build().map_err(Fault::failed)?);
        request = request.key_schema(key.build().map_err(Fault::failed)?);
    }
    match request.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

async fn wait_until_active(table: &Table) -> Result<(), Fault> {
    for _ in 0..120 {
        let output = table.client.describe_table().table_name(&table.name).send().await.map_err(fault)?;
        if output.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Fault::failed("the table did not become active within a minute"))
}

async fn enable_time_to_live(table: &Table) -> Result<(), Fault> {
    let known = table.client.describe_time_to_live().table_name(&table.name).send().await.map_err(fault)?;
    let status = known.time_to_live_description().and_then(|known| known.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
    let request = table.client.update_time_to_live().table_name(&table.name);
    request.time_to_live_specification(specification.map_err(Fault::failed)?).send().await.map_err(fault)?;
    Ok(())
}

/// False where the engine does not know them.
async fn enable_point_in_time_recovery(table: &Table) -> Result<bool, Fault> {
    let specification = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build();
    let request = table.client.update_continuous_backups().table_name(&table.name);
    match request.point_in_time_recovery_specification(specification.map_err(Fault::failed)?).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("UnknownOperationException") => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn warm_up(table: &Table) -> Result<(), OpenError> {
    let request = table.client.get_item().table_name(&table.name).set_key(Some(keys::publications().attributes()));
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Err(OpenError::NoTable(table.name.clone())),
        Err(error) => Err(fault(error).into()),
    }
}
