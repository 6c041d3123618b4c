//! `talelio-backend create-table`

use crate::app::{self, BoxError};
use crate::config::Config;

/// Makes the table of the configuration, as far as it is missing.
pub(super) async fn run(config: &Config) -> Result<(), BoxError> {
    let schema = app::open_database(config).await?.create_table().await?;
    println!("{schema}");
    Ok(())
}
