//! The program as a process, and what it prints.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_talelio-backend");

const COVERAGE: &str = "LLVM_PROFILE_FILE";

/// How long a program may take to say what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program has printed, and a way to wait for more.
#[derive(Default)]
struct Printed {
    text: Mutex<String>,
    more: Condvar,
}

/// A running program; killed when dropped.
pub struct Process {
    child: Child,
    printed: Arc<Printed>,
}

/// The program with nothing of the environment but what a test gives it.
fn command(program: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("DATA_DIR", ":memory:").env("PORT", "0").env("NO_COLOR", "1");
    if !variables.contains(&("ENV", "production")) {
        // What is about limits turns them on.
        command.env("LIMITS", "off");
    }
    // Where the program is to write which of its code was run, when that is measured.
    command.envs(std::env::var_os(COVERAGE).map(|file| (COVERAGE, file)));
    command.envs(variables.iter().copied()).current_dir(std::env::temp_dir());
    command
}

/// A port that nobody listens on and that no other test gets, below those that the system gives to
/// whoever asks for any.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let of_process = 12_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 20;
    loop {
        let port = of_process + TAKEN.fetch_add(1, Ordering::Relaxed) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(PROGRAM, variables).args(arguments).output().expect("the program runs")
}

impl Process {
    /// The HTTP server, once it listens.
    pub fn serve(variables: &[(&str, &str)]) -> Self {
        let process = Self::start(command(PROGRAM, variables));
        process.wait_for("listening on http://");
        process
    }

    /// Another program that starts ours.
    pub fn wrapped(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(program, variables);
        command.args(arguments).arg(PROGRAM);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the program starts");
        let printed = Arc::<Printed>::default();
        let (output, sink) = (child.stdout.take().unwrap(), Arc::clone(&printed));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                *sink.text.lock().unwrap() += &(line + "\n");
                sink.more.notify_all();
            }
        });
        Self { child, printed }
    }

    /// The text from `mark` to the end of its line, once it is printed.
    pub fn wait_for(&self, mark: &str) -> String {
        let text = self.printed.text.lock().unwrap();
        let waiting = |text: &mut String| !text.contains(mark);
        let (text, timeout) = self.printed.more.wait_timeout_while(text, PATIENCE, waiting).unwrap();
        assert!(!timeout.timed_out(), "{mark:?} was not printed, but:\n{text}");
        let (_, after) = text.split_once(mark).unwrap();
        after.lines().next().unwrap().to_owned()
    }

    /// Everything printed so far.
    pub fn printed(&self) -> String {
        self.printed.text.lock().unwrap().clone()
    }

    /// Host and port of the server.
    pub fn address(&self) -> String {
        let after = self.wait_for("listening on http://");
        after.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().to_owned()
    }

    /// The token of the last verification mail in the log, which comes a moment after the
    /// registration.
    pub fn verification_token(&self) -> String {
        let mark = "/v1/accounts/verify/";
        self.wait_for(mark);
        let printed = self.printed();
        let (_, token) = printed.rsplit_once(mark).unwrap();
        token.split('"').next().unwrap().to_owned()
    }

    /// The resident memory of the program, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
    }

    /// How many files and connections the program has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Ends the program as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::env::var_os(COVERAGE).is_some() && matches!(self.child.try_wait(), Ok(None)) {
            // It writes that at its end, which it has to come to by itself.
            self.terminate();
            let _ = self.child.wait();
        }
        // Already gone when the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
