//! A `booklined` at an address that is known beforehand.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bookline_testkit::process::{Home, Process, booklined};
use bookline_testkit::{Conn, HANG_TIMEOUT};
use rustix::process::Signal;
use serde_json::Value;

/// How long a running server has for HELLO, which depends on nothing else.
const HELLO_TIMEOUT: Duration = Duration::from_secs(1);

pub struct Member {
    address: SocketAddr,
    home: Home,
    flags: Vec<String>,
    program: PathBuf,
    /// `None` while it is down.
    process: Option<Process>,
    is_stopped: bool,
}

/// What a member of a cluster says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    pub is_leader: bool,
    pub term: u64,
    /// The address of the leader, if it is known.
    pub leader: Option<String>,
}

impl Member {
    /// A server that is down, with a new data directory.
    pub fn new(port: u16, flags: Vec<String>) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let program = booklined().into();
        Self { address, home: Home::new(), flags, program, process: None, is_stopped: false }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it, and does not wait until it listens.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let mut command = Command::new(&self.program);
        command.args(["--time-zone", "UTC", "--hod", "F10", "--listen", &self.address.to_string()]);
        command.arg("--data-dir").arg(self.home.data()).args(&self.flags);
        self.process = Some(Process::spawn(&mut command));
        self.is_stopped = false;
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("a running server")
    }

    /// The id of the process.
    pub fn pid(&mut self) -> u32 {
        self.process().pid()
    }

    /// Kills it at once, and waits for its end.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("a running server");
        process.signal(Signal::KILL);
        process.wait(HANG_TIMEOUT).expect("the end of a killed process");
    }

    /// Ends it as an administrator does, and starts another version in its place.
    pub fn upgrade(&mut self, program: &Path) {
        let mut process = self.process.take().expect("a running server");
        process.signal(Signal::TERM);
        let status = process.wait(HANG_TIMEOUT).expect("it ends when it is asked to");
        assert!(status.success(), "it ended with {status}:\n{}", process.stderr());
        self.program = program.to_owned();
        self.start();
    }

    /// Waits until it ends by itself with an error, and returns what it wrote to standard error.
    pub fn ends(&mut self) -> String {
        let mut process = self.process.take().expect("a running server");
        let status = process.wait(HANG_TIMEOUT).expect("it ends by itself");
        assert_eq!(status.code(), Some(1), "{}", process.stderr());
        process.stderr()
    }

    /// Stops it until it is resumed, as if its machine slept.
    pub fn stop(&mut self) {
        self.process().stop();
        self.is_stopped = true;
    }

    /// Continues it after a stop.
    pub fn resume(&mut self) {
        self.process().resume();
        self.is_stopped = false;
    }

    /// Whether it is up and not stopped. Panics if it has ended by itself.
    pub fn is_running(&mut self) -> bool {
        if let Some(process) = &mut self.process
            && let Some(status) = process.poll()
        {
            panic!("the server at {} has ended with {status}:\n{}", self.address, process.stderr());
        }
        self.process.is_some() && !self.is_stopped
    }

    /// The reply to HELLO. `None` if it does not listen yet.
    fn hello(&mut self) -> Option<Value> {
        if !self.is_running() {
            return None;
        }
        let stream = TcpStream::connect_timeout(&self.address, HELLO_TIMEOUT).ok()?;
        let mut conn = Conn::over(stream).ok()?;
        conn.stream().set_read_timeout(Some(HELLO_TIMEOUT)).ok()?;
        conn.try_send_bytes(b"HELLO\n").ok()?;
        Some(conn.try_reply().ok()?.ok().clone())
    }

    /// Whether it listens.
    pub fn listens(&mut self) -> bool {
        self.hello().is_some()
    }

    /// What it says of its cluster. `None` if it does not listen yet.
    pub fn cluster_state(&mut self) -> Option<ClusterState> {
        let hello = self.hello()?;
        let cluster = &hello["cluster"];
        let role = cluster["role"].as_str().unwrap_or_else(|| panic!("no role: {hello}"));
        assert!(matches!(role, "leader" | "standby"), "{hello}");
        let leader = &cluster["leader"];
        assert!(leader.is_string() || leader.is_null(), "{hello}");
        Some(ClusterState {
            is_leader: role == "leader",
            term: cluster["term"].as_u64().unwrap_or_else(|| panic!("no term: {hello}")),
            leader: leader.as_str().map(str::to_owned),
        })
    }
}
