//! Where data goes, for the log.

use super::Config;

impl Config {
    /// Says where data is kept and where mail goes.
    pub(crate) fn log_places(&self) {
        let folder = self.data_dir.folder().map(std::path::Path::display);
        let within = |name: &str| folder.as_ref().map_or("memory".to_owned(), |folder| format!("{folder}/{name}"));
        let table = self.connection.as_ref().map(|connection| format!("table {} of DynamoDB", connection.table));
        let bucket = self.bucket.as_ref().map(|bucket| format!("bucket {}", bucket.name));
        let server = self.smtp.as_ref().map(|smtp| smtp.server().to_owned());
        tracing::info!(
            articles = table.unwrap_or_else(|| within("talelio.db")),
            images = bucket.unwrap_or_else(|| within("objects")),
            mail = server.unwrap_or_else(|| within("outbox")),
            "where things are kept"
        );
    }
}
