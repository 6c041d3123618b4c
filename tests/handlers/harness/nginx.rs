//! NGINX before the program, in a container on this machine's own network.

use std::process::{Command, Output};
use std::time::Duration;

/// A running container; removed when dropped.
pub struct Container {
    id: String,
    pub base_url: String,
    pub client: reqwest::Client,
}

fn docker(arguments: &[&str]) -> Output {
    let output = Command::new("docker").args(arguments).output().expect("docker runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Starts NGINX out of `image` before the server at `backend`.
pub async fn start(image: &str, backend: &str) -> Container {
    let certificates = std::env::var("TALELIO_TEST_CERTIFICATES").ok();
    let (http, https) = (super::process::free_port(), super::process::free_port());
    let mut arguments: Vec<String> = ["run", "--detach", "--network", "host", "--read-only", "--tmpfs", "/tmp"]
        .into_iter()
        .map(str::to_owned)
        .collect();
    let variables = [
        // Tests log in more often than people do, and look at once whether it helped.
        "MICROCACHE=0s".to_owned(),
        format!("BACKEND={backend}"),
        format!("HTTP_PORT={http}"),
        format!("HTTPS_PORT={https}"),
        format!("TLS={}", if certificates.is_some() { "on" } else { "off" }),
    ];
    arguments.extend(variables.into_iter().flat_map(|variable| ["--env".to_owned(), variable]));
    if let Some(folder) = &certificates {
        arguments.extend(["--volume".to_owned(), format!("{folder}:/etc/letsencrypt:ro")]);
    }
    arguments.push(image.to_owned());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let id = String::from_utf8(docker(&arguments).stdout).unwrap().trim().to_owned();
    let client = super::client::client_builder();
    let (base_url, client) = match &certificates {
        None => (format!("http://127.0.0.1:{http}"), client),
        Some(folder) => {
            // Reached as `localhost`, which is what the certificate is for.
            let ca = std::fs::read(format!("{folder}/ca.pem")).unwrap();
            let ca = reqwest::Certificate::from_pem(&ca).unwrap();
            (format!("https://localhost:{https}"), client.tls_certs_only([ca]))
        }
    };
    let container = Container { id, base_url, client: client.build().unwrap() };
    for _ in 0..200 {
        if container.client.get(format!("{}/nginx-health", container.base_url)).send().await.is_ok() {
            return container;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", String::from_utf8_lossy(&docker(&["logs", &container.id]).stderr));
}

impl Drop for Container {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.id]);
    }
}
