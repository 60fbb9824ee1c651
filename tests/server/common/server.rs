//! A server on a fresh or kept data directory.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tempfile::TempDir;

use super::PATIENCE;
use super::conn::Conn;
use super::process::Process;

/// The server under test.
pub const BOOKLINED: &str = env!("CARGO_BIN_EXE_booklined");

/// What every test server is started with unless the test says otherwise: the smallest segments, so that they rotate.
const DEFAULTS: [(&str, &str); 4] =
    [("--listen", "127.0.0.1:0"), ("--segment-size", "512KiB"), ("--time-zone", "UTC"), ("--hod", "F10")];

/// A server that listens, in a data directory of its own.
pub struct Server {
    process: Process,
    addr: SocketAddr,
    home: Home,
    flags: Vec<String>,
}

/// A directory that holds a data directory; removed with its last owner.
#[derive(Clone)]
pub struct Home {
    root: Arc<TempDir>,
}

impl Home {
    /// A fresh one; the data directory in it does not exist yet.
    pub fn new() -> Self {
        Self { root: Arc::new(tempfile::Builder::new().prefix("bookline-test-").tempdir().unwrap()) }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Everything in the data directory, directories before what is in them.
    pub fn listing(&self) -> Vec<PathBuf> {
        listing(&self.data())
    }

    /// A file beside the data directory.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.root.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// `booklined` on this home with the usual flags, those given taking their place.
    pub fn command<S: AsRef<OsStr>>(&self, flags: &[S]) -> Command {
        let mut command = Command::new(BOOKLINED);
        command.arg("--data-dir").arg(self.data());
        for (flag, value) in DEFAULTS {
            if !flags.iter().any(|given| given.as_ref() == flag) {
                command.args([flag, value]);
            }
        }
        command.args(flags);
        command
    }

    /// Starts a server that is expected to listen.
    pub fn start(&self, flags: &[&str]) -> Server {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (process, addr) = listening(&mut self.command(&flags));
        Server { process, addr, home: self.clone(), flags }
    }

    /// Starts a server that is expected to refuse: its exit status and what it said on standard error.
    pub fn refused(&self, flags: &[&str]) -> (ExitStatus, String) {
        refused(&mut self.command(flags))
    }
}

/// Everything below a directory, directories before what is in them; what vanishes meanwhile is left out.
pub fn listing(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let below = if path.is_dir() { listing(&path) } else { Vec::new() };
        found.push(path);
        found.extend(below);
    }
    found
}

/// Starts a command that is expected to end by itself without ever listening.
pub fn refused(command: &mut Command) -> (ExitStatus, String) {
    let mut process = Process::spawn(command);
    let said = process.stdout_line();
    let status = process.wait(PATIENCE).unwrap_or_else(|| panic!("{command:?} still runs; it said {said:?}"));
    assert_eq!(said, None, "{command:?} was to refuse to start and said that on standard output");
    (status, process.stderr())
}

/// Starts a command that is expected to listen; returns when it says so.
pub fn listening(command: &mut Command) -> (Process, SocketAddr) {
    let process = Process::spawn(command);
    let first = process.stdout_line().unwrap_or_else(|| panic!("the server ended: {}", process.stderr()));
    let addr = first
        .strip_prefix("booklined ")
        .and_then(|rest| rest.split_once(" listening on "))
        .filter(|(version, _)| !version.is_empty() && !version.contains(' '))
        .and_then(|(_, addr)| addr.parse().ok());
    let addr = addr
        .unwrap_or_else(|| panic!("first line is not `booklined <version> listening on <addr>`: {first}"));
    (process, addr)
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

    /// A new connection.
    pub fn connect(&self) -> Conn {
        Conn::open(self.addr)
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        self.home.data()
    }

    /// The directory around its data directory.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Pulls its plug; returns when it is gone.
    pub fn kill9(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.wait(PATIENCE).expect("a killed process ends");
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.wait(PATIENCE).expect("the server still runs after SIGTERM")
    }

    /// Starts it again on the same data with the same flags; it must have ended.
    pub fn start_again(&mut self) {
        self.process.wait(Duration::ZERO).expect("it still runs");
        (self.process, self.addr) = listening(&mut self.home.command(&self.flags));
    }

    /// Starts it on the same data and kills it before it is ready: at once, or when it has said something.
    pub fn start_and_kill(&mut self, when_it_speaks: bool) {
        self.process.wait(Duration::ZERO).expect("it still runs");
        let mut process = Process::spawn(&mut self.home.command(&self.flags));
        if when_it_speaks {
            process.heard(|said| !said.is_empty());
        }
        process.signal(Signal::KILL);
        process.wait(PATIENCE).expect("a killed process ends");
    }

    /// Resident memory in KiB (Linux), the measure of everything the server must not hoard.
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

/// Raises this process's soft limit of open files to its hard limit and returns it.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, tests take what there is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
