//! A server on a new or existing data directory.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tempfile::TempDir;

use super::child::Process;
use crate::connection::Conn;
use crate::timeout::HANG_TIMEOUT;

/// The path of the server's binary. Cargo builds it for the integration tests of its crate, and puts it one
/// directory above them.
pub fn booklined() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let test = std::env::current_exe().expect("the path of the test binary");
        let path = test.ancestors().nth(2).expect("a target directory").join("booklined");
        path.into_os_string().into_string().expect("a path in UTF-8")
    });
    &PATH
}

/// The flags of a test server unless the test overrides them. Segments have the smallest size, so that they
/// rotate, and are given up as soon as they can be.
const DEFAULTS: [(&str, &str); 5] = [
    ("--listen", "127.0.0.1:0"),
    ("--segment-size", "768KiB"),
    ("--keep-log", "0"),
    ("--time-zone", "UTC"),
    ("--hod", "F10"),
];

/// The password of the accounts of examples.
pub const PASSWORD: &str = "correct horse battery staple";

/// A server that listens, with its own data directory.
pub struct Server {
    process: Process,
    addr: SocketAddr,
    /// The address that speaks TLS beside it, if there is one.
    tls_addr: Option<SocketAddr>,
    home: Home,
    flags: Vec<String>,
}

/// A temporary directory for a data directory. It is removed when its last clone is dropped.
#[derive(Clone)]
pub struct Home {
    root: Arc<TempDir>,
}

impl Home {
    /// A new directory. The data directory in it does not exist yet.
    #[expect(clippy::new_without_default, reason = "a default value makes no directory")]
    pub fn new() -> Self {
        Self { root: Arc::new(tempfile::Builder::new().prefix("bookline-test-").tempdir().unwrap()) }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Every path in the data directory, directories before their contents.
    pub fn listing(&self) -> Vec<PathBuf> {
        listing(&self.data())
    }

    /// Writes a file beside the data directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.root.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The command of a server with the default flags, overridden by `flags`.
    pub fn command<S: AsRef<OsStr>>(&self, flags: &[S]) -> Command {
        let mut command = Command::new(booklined());
        command.arg("--data-dir").arg(self.data());
        for (flag, value) in DEFAULTS {
            if !flags.iter().any(|given| given.as_ref() == flag) {
                command.args([flag, value]);
            }
        }
        command.args(flags);
        command
    }

    /// Adds an account with this password to the data of a server that does not run.
    pub fn add_account(&self, name: &str, flags: &[&str], password: &str) {
        let mut command = Command::new(booklined());
        command
            .args(["account", "add", name, "--secret-file", "-", "--data-dir"])
            .arg(self.data())
            .args(flags);
        let mut adding = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        writeln!(adding.stdin.take().unwrap(), "{password}").unwrap();
        let output = adding.wait_with_output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Adds an account to the data of a server that does not run, and returns its token.
    pub fn add_account_with_token(&self, name: &str, flags: &[&str]) -> String {
        let mut command = Command::new(booklined());
        command.args(["account", "add", name, "--data-dir"]).arg(self.data()).args(flags);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Starts a server; panics if it does not listen.
    pub fn start(&self, flags: &[&str]) -> Server {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (process, listening) = spawn_listening_at(&mut self.command(&flags));
        Server { process, addr: listening.first, tls_addr: listening.tls, home: self.clone(), flags }
    }

    /// Starts a server that is expected to fail. Returns its exit status and its standard error.
    pub fn start_fails(&self, flags: &[&str]) -> (ExitStatus, String) {
        spawn_failing(&mut self.command(flags))
    }
}

/// Every path below a directory, directories before their contents. Paths that disappear meanwhile are
/// omitted.
pub fn listing(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let below = if path.is_dir() { listing(&path) } else { Vec::new() };
        found.push(path);
        found.extend(below);
    }
    found
}

/// Starts a command that is expected to end by itself without listening. Returns its exit status and its
/// standard error.
pub fn spawn_failing(command: &mut Command) -> (ExitStatus, String) {
    let mut process = Process::spawn(command);
    let stdout = process.stdout_line();
    let status =
        process.wait(HANG_TIMEOUT).unwrap_or_else(|| panic!("{command:?} still runs and printed {stdout:?}"));
    assert_eq!(stdout, None, "{command:?} printed to standard output although it failed");
    (status, process.stderr())
}

/// The addresses that a server prints.
struct Listening {
    first: SocketAddr,
    /// The second one.
    tls: Option<SocketAddr>,
}

impl Listening {
    /// The addresses in the first line on standard output.
    fn of(line: &str) -> Option<Self> {
        let (version, names) = line.strip_prefix("booklined ")?.split_once(" listening on ")?;
        if version.is_empty() || version.contains(' ') {
            return None;
        }
        let mut names = names.split(" and on ");
        let first = names.next()?;
        let first = first.strip_suffix(" (TLS)").unwrap_or(first).parse().ok()?;
        let tls = names.find_map(|name| name.strip_suffix(" (TLS)")?.parse().ok());
        Some(Self { first, tls })
    }
}

/// Starts a command, and returns when it prints its address.
pub fn spawn_listening(command: &mut Command) -> (Process, SocketAddr) {
    let (process, listening) = spawn_listening_at(command);
    (process, listening.first)
}

fn spawn_listening_at(command: &mut Command) -> (Process, Listening) {
    let process = Process::spawn(command);
    let first = process.stdout_line().unwrap_or_else(|| panic!("the server ended: {}", process.stderr()));
    let listening = Listening::of(&first)
        .unwrap_or_else(|| panic!("first line is not `booklined <version> listening on <addr>`: {first}"));
    (process, listening)
}

impl Server {
    /// A server on an empty data directory.
    pub fn fresh() -> Self {
        Self::fresh_with(&[])
    }

    /// A server on an empty data directory with these flags.
    pub fn fresh_with(flags: &[&str]) -> Self {
        Home::new().start(flags)
    }

    pub fn connect(&self) -> Conn {
        Conn::open(self.addr)
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of `--tls-listen`.
    pub fn tls_addr(&self) -> SocketAddr {
        self.tls_addr.expect("the server has a second address, which speaks TLS")
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.home.data()
    }

    pub fn home(&self) -> &Home {
        &self.home
    }

    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The text of standard error so far.
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Kills the process with SIGKILL and waits for its end.
    pub fn kill9(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(HANG_TIMEOUT).expect("a killed process ends");
    }

    /// Shuts the server down with SIGTERM and waits for its exit status.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.wait(HANG_TIMEOUT).expect("the server still runs after SIGTERM")
    }

    /// Starts the server again on the same data with the same flags. The process must have ended.
    pub fn start_again(&mut self) {
        self.process.wait(Duration::ZERO).expect("it still runs");
        let listening;
        (self.process, listening) = spawn_listening_at(&mut self.home.command(&self.flags));
        (self.addr, self.tls_addr) = (listening.first, listening.tls);
    }

    /// Starts the server on the same data and kills it before it is ready: at once, or after its first line
    /// of log.
    pub fn start_and_kill(&mut self, after_first_log_line: bool) {
        self.process.wait(Duration::ZERO).expect("it still runs");
        let mut process = Process::spawn(&mut self.home.command(&self.flags));
        if after_first_log_line {
            process.wait_for_stderr(|text| !text.is_empty());
        }
        process.signal(Signal::KILL);
        process.wait(HANG_TIMEOUT).expect("a killed process ends");
    }

    /// Resident memory in KiB (Linux only).
    pub fn resident_kib(&self) -> u64 {
        status_field(self.pid(), "VmRSS:")
    }
}

/// A field in KiB of `/proc/<pid>/status`.
fn status_field(pid: u32, field: &str) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("field of /proc/<pid>/status");
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Raises the soft limit of open files of this process to its hard limit and returns it.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // If it cannot be raised, tests use the current limit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
