//! What a leader answers that has been without its log for long.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::{Conn, HANG_TIMEOUT, Reply};

use super::cluster::Cluster;

/// The default of `--lease`. Without an acknowledged append for so long nobody may answer a read.
pub const LEASE: Duration = Duration::from_secs(3);

/// The default of `--cluster-timeout`.
const CLUSTER_TIMEOUT: Duration = Duration::from_secs(10);

/// By so much a reply may be late: the machine is busy.
const SLACK: Duration = Duration::from_secs(2);

/// A change that no client makes.
const BLOCK: &str = "BLOCK F9 2029-12-31 09:00";

/// Asks a leader whose log has not answered since `fault`, and returns about 13 seconds later: a read gets
/// UNAVAILABLE after `--cluster-timeout`, and from then on a change at once. HELLO depends on no log. Returns
/// what took longer.
pub fn ask_leader(cluster: &Cluster, leader: usize, fault: Instant) -> Vec<String> {
    let address = cluster.members[leader].address();
    thread::sleep(LEASE.saturating_sub(fault.elapsed()));
    let mut too_late = Vec::new();
    let mut ask_within = |line: &str, limit: Duration| {
        let asked = Instant::now();
        let reply = ask(address, line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let after = asked.elapsed();
        println!("    {line}: {} after {:.2} s", reply.line, after.as_secs_f64());
        if after > limit {
            too_late.push(format!("{line} to a leader without its log: {after:?}, not {limit:?}"));
        }
        reply
    };
    ask_within("HELLO", SLACK);
    ask_within("GET F9 2029-12-31", CLUSTER_TIMEOUT + SLACK).err("UNAVAILABLE");
    ask_within(BLOCK, SLACK).err("UNAVAILABLE");
    too_late
}

/// Asserts that those who do not lead, and have read nothing for long, name no leader.
pub fn expect_no_known_leader(cluster: &mut Cluster, leader: usize) {
    for (member, server) in cluster.members.iter_mut().enumerate().filter(|&(member, _)| member != leader) {
        let state = server.cluster_state().unwrap_or_else(|| panic!("server {member} does not answer HELLO"));
        assert!(!state.is_leader && state.leader.is_none(), "it has read nothing for long: {state:?}");
    }
}

/// Asserts that the change that got UNAVAILABLE was not made.
pub fn expect_nothing_done(cluster: &mut Cluster) {
    let leader = cluster.settled().leader;
    let day = ask(cluster.members[leader].address(), "GET F9 2029-12-31").expect("a reply");
    assert_eq!(day.ok()["schedule"].as_array().map(Vec::len), Some(0), "{day:?}");
}

fn ask(address: SocketAddr, line: &str) -> io::Result<Reply> {
    let mut conn = Conn::over(TcpStream::connect_timeout(&address, HANG_TIMEOUT)?)?;
    conn.try_send_bytes(format!("{line}\n").as_bytes())?;
    conn.try_reply()
}
