//! NATS servers with JetStream, as child processes.
//!
//! `.ci/run` installs one, and sets `BOOKLINE_TEST_NATS_SERVER` to its path. Elsewhere the tests that use it
//! do nothing where no `nats-server` of version 2.10 or later is found.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::ports::fixed_ports;
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
    monitor_port: u16,
    /// `None` while it is down.
    process: Option<Process>,
    is_stopped: bool,
}

/// What the servers of a cluster say about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamState {
    /// The server that leads it.
    pub leader: usize,
    /// Whether all of its replicas have all of its messages.
    pub is_replicated: bool,
}

impl Nats {
    /// Starts so many servers, each with these lines in its configuration.
    pub fn start(program: NatsProgram, nodes: usize, more: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("bookline-nats-").tempdir().expect("a directory");
        let ports = fixed_ports(3 * nodes);
        let (client_ports, ports) = ports.split_at(nodes);
        let (monitor_ports, route_ports) = ports.split_at(nodes);
        let routes: Vec<String> =
            route_ports.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
        for index in 0..nodes {
            let (client, monitor, route) = (client_ports[index], monitor_ports[index], route_ports[index]);
            let store = directory.path().join(format!("store-{index}"));
            let alone = nodes == 1;
            let cluster = format!(
                "cluster {{ name: test, listen: \"127.0.0.1:{route}\", routes: [{}] }}",
                routes.join(", ")
            );
            let config = format!(
                "server_name: {}\nlisten: \"127.0.0.1:{client}\"\nhttp: \"127.0.0.1:{monitor}\"\n\
                 jetstream {{ store_dir: {:?}, sync_interval: always }}\n{}\n{more}\n",
                name_of(index),
                store.display().to_string(),
                if alone { "" } else { &cluster },
            );
            std::fs::write(config_of(directory.path(), index), config).expect("a writable directory");
        }
        let nodes = client_ports.iter().zip(monitor_ports).map(|(&client_port, &monitor_port)| Node {
            client_port,
            monitor_port,
            process: None,
            is_stopped: false,
        });
        let mut nats = Self { program, nodes: nodes.collect(), directory };
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

    /// Stops a server until it is resumed, as if its machine slept.
    pub fn stop(&mut self, node: usize) {
        self.nodes[node].process.as_mut().expect("a running server").stop();
        self.nodes[node].is_stopped = true;
    }

    /// Continues a server that is stopped.
    pub fn resume(&mut self, node: usize) {
        self.nodes[node].process.as_mut().expect("a running server").resume();
        self.nodes[node].is_stopped = false;
    }

    /// Kills a server at once, and waits for its end.
    pub fn kill(&mut self, node: usize) {
        let mut process = self.nodes[node].process.take().expect("a running server");
        process.signal(Signal::KILL);
        process.wait(HANG_TIMEOUT).expect("the end of a killed process");
        self.nodes[node].is_stopped = false;
    }

    /// Whether a server is up, and not stopped.
    pub fn is_running(&self, node: usize) -> bool {
        self.nodes[node].process.is_some() && !self.nodes[node].is_stopped
    }

    /// What the running servers say about a stream. `None` as long as one of them names another leader than
    /// the others, or none, as in an election.
    pub fn stream(&self, name: &str) -> Option<StreamState> {
        let running = (0..self.nodes.len()).filter(|&node| self.is_running(node));
        let mut states = running.map(|node| self.stream_as_seen_by(node, name));
        let mut state = states.next()??;
        for other in states {
            let other = other?;
            if other.leader != state.leader {
                return None;
            }
            state.is_replicated |= other.is_replicated;
        }
        Some(state)
    }

    /// What a server says about a stream. Only its leader knows how far the replicas are.
    fn stream_as_seen_by(&self, node: usize, name: &str) -> Option<StreamState> {
        let monitor = SocketAddr::from((Ipv4Addr::LOCALHOST, self.nodes[node].monitor_port));
        let report = http_get(monitor, "/jsz?streams=1").ok()?;
        let accounts = report["account_details"].as_array()?;
        let mut streams = accounts.iter().filter_map(|account| account["stream_detail"].as_array()).flatten();
        let cluster = &streams.find(|stream| stream["name"] == name)?["cluster"];
        let leader = (0..self.nodes.len()).find(|&node| cluster["leader"] == name_of(node))?;
        let replicas = cluster["replicas"].as_array()?;
        let is_current = |replica: &Value| {
            replica["current"] == true && replica["offline"] != true && replica["lag"].as_u64().is_none()
        };
        let is_replicated =
            leader == node && replicas.len() == self.nodes.len() - 1 && replicas.iter().all(is_current);
        Some(StreamState { leader, is_replicated })
    }
}

fn name_of(node: usize) -> String {
    format!("n{node}")
}

/// How long a monitoring port has for its answer. A server that takes longer is not running as it should.
const MONITOR_TIMEOUT: Duration = Duration::from_secs(1);

/// The JSON at a path of a monitoring port.
fn http_get(address: SocketAddr, path: &str) -> io::Result<Value> {
    let mut stream = TcpStream::connect_timeout(&address, MONITOR_TIMEOUT)?;
    stream.set_read_timeout(Some(MONITOR_TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    Ok(serde_json::from_str(body)?)
}

fn config_of(directory: &Path, node: usize) -> std::path::PathBuf {
    directory.join(format!("nats-{node}.conf"))
}
