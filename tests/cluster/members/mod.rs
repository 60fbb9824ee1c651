//! Servers that are members of a cluster, with one NATS server.
//!
//! Catches: a standby that serves what only a leader may; a reply that says that nothing was done when
//! something may have been, or is out of date; a server that joins with other settings, or with data of its
//! own; a log that was deleted and is not missed; a stream or a NATS server on which a cluster must not rely.

mod administrator;
mod checks;
mod joining;
mod monitoring;
mod offline;
mod roles;
mod silence;
mod snapshots;
mod status;
mod step_down;
mod versions;
mod watching;

use std::process::{Command, Output};

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::connection::Conn;
use bookline_testkit::nats::{Nats, NatsProgram};
use bookline_testkit::process::{Home, Server, booklined};
use bookline_testkit::reply::Reply;
use tokio::time::Instant;

use administrator::Administrator;

/// One NATS server. `None` if there is no program.
fn one_nats() -> Option<Nats> {
    Some(Nats::start(NatsProgram::find()?, 1, ""))
}

/// A takeover takes no longer than a test can wait.
const LEASE: &str = "2s";

/// The flags of a member that says that it is at this address.
fn flags<'a>(nats: &'a str, advertise: &'a str) -> Vec<&'a str> {
    flags_with_lease(nats, advertise, LEASE)
}

fn flags_with_lease<'a>(nats: &'a str, advertise: &'a str, lease: &'a str) -> Vec<&'a str> {
    vec![
        "--cluster",
        nats,
        "--cluster-name",
        "sales",
        "--cluster-replicas",
        "1",
        "--lease",
        lease,
        "--advertise",
        advertise,
    ]
}

/// Starts a member with these flags besides.
fn start(nats: &Nats, advertise: &str, more: &[&str]) -> Server {
    start_with_lease(nats, advertise, LEASE, more)
}

fn start_with_lease(nats: &Nats, advertise: &str, lease: &str, more: &[&str]) -> Server {
    let url = &nats.urls()[0];
    Home::new().start(&[&flags_with_lease(url, advertise, lease)[..], more].concat())
}

/// Asks on a new connection, as long as there is no reply: a server that was deposed closes its connections.
fn ask(server: &Server, line: &str) -> Reply {
    let deadline = Instant::now() + HANG_TIMEOUT;
    loop {
        let asked = Conn::try_open(server.addr()).and_then(|mut conn| {
            conn.try_send_bytes(format!("{line}\n").as_bytes())?;
            conn.try_reply()
        });
        match asked {
            Ok(reply) => return reply,
            Err(error) => assert!(Instant::now() < deadline, "{error}: {}", server.stderr()),
        }
    }
}

/// What a server says of its cluster.
fn cluster_of(server: &Server) -> serde_json::Value {
    ask(server, "HELLO").ok()["cluster"].clone()
}

/// Waits until this server leads, and returns a connection to it.
fn wait_until_leads(server: &Server) -> Conn {
    let deadline = Instant::now() + HANG_TIMEOUT;
    while cluster_of(server)["role"] != "leader" {
        assert!(Instant::now() < deadline, "it does not lead: {}", server.stderr());
    }
    server.connect()
}

/// Starts a member that leads, and then one that stands by and knows the leader.
fn pair(nats: &Nats, more: &[&str]) -> (Server, Server) {
    pair_with_lease(nats, LEASE, more)
}

fn pair_with_lease(nats: &Nats, lease: &str, more: &[&str]) -> (Server, Server) {
    let leader = start_with_lease(nats, "one.example:1", lease, more);
    wait_until_leads(&leader);
    let standby = start_with_lease(nats, "two.example:2", lease, more);
    wait_for_leader(&standby, "one.example:1");
    (leader, standby)
}

/// Waits until this server says that the one at this address leads.
fn wait_for_leader(server: &Server, address: &str) {
    let deadline = Instant::now() + HANG_TIMEOUT;
    while cluster_of(server)["leader"] != address {
        assert!(Instant::now() < deadline, "it does not hear of {address}: {}", server.stderr());
    }
}

/// Waits until the log begins with a later message than the first one.
fn wait_until_purged(nats: &Nats) {
    wait_until_purged_through(nats, 1);
}

/// Waits until the log begins with a later message than this one.
fn wait_until_purged_through(nats: &Nats, message: u64) {
    let (administrator, deadline) = (Administrator::of(nats), Instant::now() + HANG_TIMEOUT);
    while administrator.first_message() <= message {
        assert!(Instant::now() < deadline, "the log is not purged");
    }
}

/// Runs a command of `booklined` with these arguments and the flags that say which cluster.
fn command(nats: &Nats, arguments: &[&str]) -> Output {
    let mut command = Command::new(booklined());
    command.args(arguments).args(["--cluster", &nats.urls()[0], "--cluster-name", "sales"]);
    command.output().expect("it runs")
}

fn cluster_command(nats: &Nats, arguments: &[&str]) -> Output {
    command(nats, &[&["cluster"], arguments].concat())
}

/// The exit status of `booklined cluster status`, and what it prints as JSON.
fn status(nats: &Nats, more: &[&str]) -> (i32, serde_json::Value) {
    let output = cluster_command(nats, &[&["status", "--format", "json"], more].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code().expect("it exits"), json)
}
