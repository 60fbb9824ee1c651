//! NATS servers with JetStream, as child processes.
//!
//! `.ci/run` installs one, and sets `BOOKLINE_TEST_NATS_SERVER` to its path. Elsewhere the tests that use it
//! do nothing where no `nats-server` of version 2.10 or later is found.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::Process;
use crate::timeout::HANG_TIMEOUT;

/// The first version that keeps the metadata of streams.
const VERSION_MIN: (u32, u32) = (2, 10);

/// What a NATS server logs when clients may connect.
const READY: &str = "Server is ready";

/// The program `nats-server`.
#[derive(Debug, Clone)]
pub struct NatsProgram(String);

impl NatsProgram {
    /// The program to use. `None` where there is none, and none was promised.
    pub fn find() -> Option<Self> {
        let promised = std::env::var("BOOKLINE_TEST_NATS_SERVER").ok();
        let program = promised.clone().unwrap_or_else(|| "nats-server".to_owned());
        let version = Command::new(&program).arg("--version").output().ok();
        let version = version.and_then(|output| version_of(&String::from_utf8_lossy(&output.stdout)));
        let is_usable = version.is_some_and(|version| version >= VERSION_MIN);
        if !is_usable && (promised.is_some() || std::env::var_os("CI").is_some()) {
            panic!("{program} is no nats-server of version 2.10 or later: {version:?}");
        }
        is_usable.then_some(Self(program))
    }
}

/// The version in a line as `nats-server: v2.15.1`.
fn version_of(line: &str) -> Option<(u32, u32)> {
    let (_, version) = line.trim().rsplit_once('v')?;
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// NATS servers that form a cluster. They are killed, and their data is removed, when this is dropped.
pub struct Nats {
    program: NatsProgram,
    nodes: Vec<Node>,
    directory: TempDir,
}

struct Node {
    client_port: u16,
    /// `None` while it is down.
    process: Option<Process>,
}

impl Nats {
    /// Starts so many servers, each with these lines in its configuration.
    pub fn start(program: NatsProgram, nodes: usize, more: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("bookline-nats-").tempdir().expect("a directory");
        let ports = free_ports(2 * nodes);
        let (client_ports, route_ports) = ports.split_at(nodes);
        let routes: Vec<String> =
            route_ports.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
        for (index, (client, route)) in client_ports.iter().zip(route_ports).enumerate() {
            let store = directory.path().join(format!("store-{index}"));
            let alone = nodes == 1;
            let cluster = format!(
                "cluster {{ name: test, listen: \"127.0.0.1:{route}\", routes: [{}] }}",
                routes.join(", ")
            );
            let config = format!(
                "server_name: n{index}\nlisten: \"127.0.0.1:{client}\"\n\
                 jetstream {{ store_dir: {:?}, sync_interval: always }}\n{}\n{more}\n",
                store.display().to_string(),
                if alone { "" } else { &cluster },
            );
            std::fs::write(config_of(directory.path(), index), config).expect("a writable directory");
        }
        let nodes = client_ports.iter().map(|&client_port| Node { client_port, process: None }).collect();
        let mut nats = Self { program, nodes, directory };
        (0..nats.nodes.len()).for_each(|node| nats.start_node(node));
        nats
    }

    /// The address of each server.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| format!("nats://127.0.0.1:{}", node.client_port)).collect()
    }

    /// Starts a server that is down, on its data, and waits until clients may connect.
    pub fn start_node(&mut self, node: usize) {
        let mut command = Command::new(&self.program.0);
        command.arg("--config").arg(config_of(self.directory.path(), node));
        let process = Process::spawn(&mut command);
        let is_ready = process.wait_for_stderr(|text| text.contains(READY));
        assert!(is_ready, "nats-server did not become ready: {}", process.stderr());
        self.nodes[node].process = Some(process);
    }

    /// Sends a signal to a server.
    pub fn signal(&mut self, node: usize, signal: Signal) {
        self.nodes[node].process.as_mut().expect("a running server").signal(signal);
    }

    /// Kills a server at once, and waits for its end.
    pub fn kill(&mut self, node: usize) {
        let mut process = self.nodes[node].process.take().expect("a running server");
        process.signal(Signal::KILL);
        process.wait(HANG_TIMEOUT).expect("the end of a killed process");
    }
}

fn config_of(directory: &Path, node: usize) -> std::path::PathBuf {
    directory.join(format!("nats-{node}.conf"))
}

/// Different ports that are free at the moment. Another process may take one of them before it is used.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("a bound listener").port()).collect()
}
