//! Several servers in `--addr`: the leader is found, and followed when it changes.
//!
//! Catches: a change that happens twice because another server was asked, a standby that is taken for the
//! leader, a secret that goes to a server that the user has not named, a search that never ends.

mod board;
mod failover;
mod prompt;
mod search;
mod watch;

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use crate::support::client::bookline_without_address;
use crate::support::fake_server::{HELLO_REPLY, Peer};

const BOOKED: &str = "OK {\"event_id\":\"e\",\"tickets\":[],\"available_tickets\":9}\n";

/// The client with a list of servers.
pub fn bookline(addrs: &[SocketAddr], args: &[&str]) -> Command {
    let list: Vec<_> = addrs.iter().map(SocketAddr::to_string).collect();
    let mut command = bookline_without_address();
    command.arg("--addr").arg(list.join(",")).args(args);
    command
}

/// The reply to HELLO of a server in a cluster.
pub fn hello(role: &str, leader: Option<SocketAddr>) -> String {
    let cluster = format!(
        ",\"cluster\":{{\"name\":\"sales\",\"role\":\"{role}\",\"term\":3,\"leader\":{}}}",
        json(leader)
    );
    HELLO_REPLY.replace("}\n", &format!("{cluster}}}\n"))
}

/// The refusal of a standby.
pub fn not_leader(leader: Option<SocketAddr>) -> String {
    format!("ERR NOT_LEADER {{\"message\":\"m\",\"retry\":true,\"leader\":{}}}\n", json(leader))
}

fn json(leader: Option<SocketAddr>) -> String {
    leader.map_or("null".to_owned(), |leader| format!("\"{leader}\""))
}

/// Accepts a client, which leaves, because the server is a standby.
fn turn_away(listener: &TcpListener, leader: Option<SocketAddr>) {
    let mut peer = Peer::accept(listener);
    peer.expect("HELLO\n", &hello("standby", leader));
    assert_eq!(peer.read_to_end(), b"");
}

/// Accepts a client of the leader.
fn lead(listener: &TcpListener) -> Peer {
    let mut peer = Peer::accept(listener);
    peer.expect("HELLO\n", &hello("leader", Some(listener.local_addr().unwrap())));
    peer
}

/// An address at which no server listens.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
