//! Who is told what the program does.

use super::reader::Reader;

/// Who is told, if anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetricsConfig {
    /// The port of `/metrics`, on the HTTP server.
    pub(crate) port: Option<u16>,
    /// The namespace in CloudWatch, on Lambda.
    pub(crate) namespace: Option<String>,
}

impl Reader {
    pub(super) fn metrics(&mut self) -> MetricsConfig {
        let port = self.is_set("METRICS_PORT").then(|| self.parsed("METRICS_PORT", "", "a port, 0 to 65535"));
        let namespace = self.text("METRICS_NAMESPACE");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#:".contains(&byte);
        let valid = |name: &String| name.len() <= 255 && !name.starts_with("AWS/") && name.bytes().all(allowed);
        if namespace.as_ref().is_some_and(|namespace| !valid(namespace)) {
            let expected = "expected up to 255 letters, digits and `._-/#:`, not beginning with `AWS/`";
            self.problem("METRICS_NAMESPACE", expected);
        }
        MetricsConfig { port: port.flatten(), namespace }
    }
}
