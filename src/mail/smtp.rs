use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose;
use crate::business::{MailError, Mailer, Message};

/// How long a mail server may take before the mail counts as not sent.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a mail server says of a mailbox that it takes no mail for (RFC 5321, section 4.2.3; RFC 7504). Other
/// codes of permanence may be about us, and end when the operator has mended that.
const REFUSALS: [u16; 5] = [550, 551, 552, 553, 556];

/// How to reach a mail server.
pub struct SmtpConfig {
    /// `host` or `host:port`. Port 465 and no port mean TLS from the first
    /// byte; any other port means STARTTLS, which must succeed. Behind `smtp://`, there is no
    /// TLS: see [`is_plaintext`](Self::is_plaintext).
    pub server: String,
    /// Who logs in, and with what; nobody when absent.
    pub credentials: Option<(String, String)>,
    /// The address that mail comes from, such as `talel.io <no-reply@talel.io>`.
    pub sender: Mailbox,
}

impl SmtpConfig {
    const PLAINTEXT: &str = "smtp://";

    /// Whether mail would go to a server without TLS, which is for a developer's machine only.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.server.starts_with(Self::PLAINTEXT)
    }
}

/// The mail server's address means nothing.
#[derive(Debug, thiserror::Error)]
#[error("expected `host` or `host:port`")]
pub struct InvalidServer;

/// Sends mail over SMTP, encrypted unless it was told otherwise.
#[derive(Clone)]
pub struct Smtp {
    /// How the operator names it.
    server: String,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Smtp {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`InvalidServer`] when the server is neither a host nor a host and port.
    pub fn new(config: SmtpConfig) -> Result<Self, InvalidServer> {
        let server = config.server.trim_start_matches(SmtpConfig::PLAINTEXT);
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| InvalidServer)?),
            None => (server, 465),
        };
        if host.is_empty() {
            return Err(InvalidServer);
        }
        let relay = match port {
            _ if config.is_plaintext() => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
            465 => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            _ => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
        };
        let mut transport = relay.map_err(|_| InvalidServer)?.port(port).timeout(Some(TIMEOUT));
        if let Some((user, password)) = config.credentials {
            transport = transport.credentials(Credentials::new(user, password));
        }
        Ok(Self { server: config.server, transport: transport.build(), sender: config.sender })
    }

    /// The server, as the operator names it.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, message: Message) -> Result<(), MailError> {
        let sent = self.transport.send(compose(&message, &self.sender)?).await;
        sent.map(drop).map_err(|error| MailError {
            reason: format!("{}: {error}", self.server),
            is_refusal: error.status().is_some_and(|code| REFUSALS.contains(&code.into())),
        })
    }
}
