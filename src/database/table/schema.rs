//! The table itself: made once, by the operator on AWS, by the server for the
//! embedded engine.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification, ScalarAttributeType,
    TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::attempts::Patience;
use super::requests::Table;
use crate::business::Fault;
use crate::database::error::OpenError;
use crate::database::keys;

/// The attribute that DynamoDB's time to live reads: seconds since 1970.
pub(in crate::database) const EXPIRES_AT: &str = "expires_at";

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

pub(in crate::database) async fn create(table: &Table) -> Result<Schema, Fault> {
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
    match table.attempts.send(Patience::WRITE, || request.clone().send()).await {
        Ok(_) => Ok(true),
        Err(failed) if failed.code() == Some("ResourceInUseException") => Ok(false),
        Err(failed) => Err(failed.into_fault()),
    }
}

async fn wait_until_active(table: &Table) -> Result<(), Fault> {
    for _ in 0..120 {
        let request = table.client.describe_table().table_name(&table.name);
        let output = table.read(Patience::READ, || request.clone().send()).await?;
        if output.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Fault::failed("the table did not become active within a minute"))
}

async fn enable_time_to_live(table: &Table) -> Result<(), Fault> {
    let request = table.client.describe_time_to_live().table_name(&table.name);
    let known = table.read(Patience::READ, || request.clone().send()).await?;
    let status = known.time_to_live_description().and_then(|known| known.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build();
    let request = table.client.update_time_to_live().table_name(&table.name);
    let request = request.time_to_live_specification(specification.map_err(Fault::failed)?);
    // To enable it again changes nothing.
    table.read(Patience::WRITE, || request.clone().send()).await.map(drop)
}

/// False where the engine does not know them.
async fn enable_point_in_time_recovery(table: &Table) -> Result<bool, Fault> {
    let specification = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build();
    let request = table.client.update_continuous_backups().table_name(&table.name);
    let request = request.point_in_time_recovery_specification(specification.map_err(Fault::failed)?);
    match table.attempts.send(Patience::WRITE, || request.clone().send()).await {
        Ok(_) => Ok(true),
        Err(failed) if failed.code() == Some("UnknownOperationException") => Ok(false),
        Err(failed) => Err(failed.into_fault()),
    }
}

pub(in crate::database) async fn warm_up(table: &Table) -> Result<(), OpenError> {
    let request = table.client.get_item().table_name(&table.name).set_key(Some(keys::format().attributes()));
    match table.attempts.send(Patience::READ, || request.clone().send()).await {
        Ok(_) => Ok(()),
        Err(failed) if failed.code() == Some("ResourceNotFoundException") => {
            Err(OpenError::NoTable(table.name.clone()))
        }
        Err(failed) => Err(failed.into_fault().into()),
    }
}
