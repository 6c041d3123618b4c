//! Mail on its way to a mail server, which may be as bad as they come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::tempdir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::harness::TestApp;

/// How a mail server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Takes mail.
    Accepts,
    /// Takes none for now.
    Refuses,
    /// Takes none for that recipient.
    KnowsNobody,
    /// Takes connections and says nothing.
    Hangs,
    /// Takes a mail and ends the connection without saying so.
    Drops,
}

/// A mail server that behaves as it is told, and the ids of the mails that it took.
struct MailServer {
    address: String,
    behaviour: Arc<Mutex<Behaviour>>,
    mails: Arc<Mutex<BTreeMap<String, usize>>>,
    connections: Arc<Mutex<usize>>,
}

impl MailServer {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("smtp://{}", listener.local_addr().unwrap());
        let behaviour = Arc::new(Mutex::new(behaviour));
        let server = Self { address, behaviour, mails: Arc::default(), connections: Arc::default() };
        let (behaviour, mails, connections) =
            (server.behaviour.clone(), server.mails.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                tokio::spawn(talk(stream, behaviour.clone(), mails.clone()));
            }
        });
        server
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// How often each mail came, once there are so many.
    async fn mails(&self, expected: usize) -> Vec<usize> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let found: Vec<usize> = self.mails.lock().unwrap().values().copied().collect();
            if found.len() >= expected {
                return found;
            }
            assert!(Instant::now() < until, "{} of {expected} mails", found.len());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns once somebody has connected.
    async fn connected(&self) {
        while *self.connections.lock().unwrap() == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Speaks as much of SMTP (RFC 5321) as it takes to be sent a mail.
async fn talk(stream: TcpStream, behaviour: Arc<Mutex<Behaviour>>, mails: Arc<Mutex<BTreeMap<String, usize>>>) {
    let behaviour = *behaviour.lock().unwrap();
    let mut stream = BufReader::new(stream);
    if behaviour == Behaviour::Hangs {
        sleep(Duration::from_mins(2)).await;
        return;
    }
    let _ = stream.write_all(b"220 mail.example.com\r\n").await;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) {
        let answer = match line.trim_end().split([' ', ':']).next().unwrap_or_default() {
            "MAIL" if behaviour == Behaviour::Refuses => "451 Not now\r\n",
            "RCPT" if behaviour == Behaviour::KnowsNobody => "550 No such user\r\n",
            "DATA" => {
                let _ = stream.write_all(b"354 Go on\r\n").await;
                let id = read_mail(&mut stream).await;
                *mails.lock().unwrap().entry(id).or_default() += 1;
                if behaviour == Behaviour::Drops {
                    return;
                }
                "250 Taken\r\n"
            }
            "QUIT" => return,
            _ => "250 OK\r\n",
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        line.clear();
    }
}

/// Reads a mail to its end, and returns its `Message-ID`.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> String {
    let (mut id, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).await.is_ok_and(|bytes| bytes > 0) && line.trim_end() != "." {
        if let Some(found) = line.strip_prefix("Message-ID: ") {
            found.trim_end().clone_into(&mut id);
        }
        line.clear();
    }
    id
}

fn sending_to(server: &MailServer) -> [(&'static str, &str); 2] {
    [("EMAIL_SERVER", &server.address), ("EMAIL_SENDER", "no-reply@example.com")]
}

#[tokio::test]
async fn each_registration_is_mailed_once() {
    let server = MailServer::start(Behaviour::Accepts).await;
    let app = TestApp::http(&sending_to(&server));
    for number in 0..5 {
        app.register(&format!("user{number}")).await;
    }
    assert_eq!(server.mails(5).await, [1; 5]);
}

#[tokio::test]
async fn a_mail_server_that_hangs_keeps_nobody_from_registering() {
    let server = MailServer::start(Behaviour::Hangs).await;
    let app = TestApp::http(&sending_to(&server));
    let asked = Instant::now();
    app.register("ada").await;
    app.register("bob").await;
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    server.connected().await;
}

// The mail server goes on while the test waits for a line of the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_mail_that_is_refused_or_dropped_is_sent_again() {
    let sent_again = [Behaviour::Refuses, Behaviour::KnowsNobody, Behaviour::Drops].map(|bad| {
        tokio::spawn(async move {
            let server = MailServer::start(bad).await;
            let app = TestApp::http(&sending_to(&server));
            app.register("ada").await;
            let said = app.process.wait_for("mail not sent, is tried again");
            assert!(said.contains("user=ada") && said.contains(&format!("error={}: ", server.address)), "{said}");
            server.behave(Behaviour::Accepts);
            let times = server.mails(1).await;
            assert!(times == [1] || bad == Behaviour::Drops, "{bad:?}: {times:?}");
        })
    });
    for sent_again in sent_again {
        sent_again.await.unwrap();
    }
}

#[tokio::test]
async fn a_mail_waits_for_the_next_process() {
    let server = MailServer::start(Behaviour::Hangs).await;
    let folder = tempdir().unwrap();
    let data_dir = ("DATA_DIR", folder.path().to_str().unwrap());
    {
        let app = TestApp::http(&[&sending_to(&server)[..], &[data_dir]].concat());
        app.register("ada").await;
        // Killed with the mail on its way.
        server.connected().await;
    }
    server.behave(Behaviour::Accepts);
    let app = TestApp::http(&[&sending_to(&server)[..], &[data_dir]].concat());
    assert_eq!(server.mails(1).await, [1]);
    drop(app);
}

#[tokio::test]
async fn mail_without_tls_is_for_development() {
    let refused = crate::harness::run(
        &[],
        &[
            ("ENV", "production"),
            ("EMAIL_SERVER", "smtp://mail.example.com:25"),
            ("EMAIL_SENDER", "no-reply@example.com"),
        ],
    );
    let printed = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(printed.contains("mail is not sent without TLS in production"), "{printed}");
}
