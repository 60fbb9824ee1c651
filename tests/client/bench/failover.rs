//! `bookline bench` with several servers, whose leader changes during the load.
//!
//! Catches: a load that ends with its leader, a change that is lost or made twice when it is sent to the next
//! one, and a verification that believes a standby.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::HANG_TIMEOUT;

use crate::bench::retry::{end_measurement, wait_for_commits};
use crate::bench::{number, parse_report};
use crate::cluster::{bookline, hello, nobody, not_leader};
use crate::support::child_server::ChildServer;
use crate::support::client::run;

/// How often another server becomes the leader.
const CHANGES: usize = 4;

/// Servers of a cluster that have the same state: each leads to one real server while it is the leader, and
/// is a standby otherwise.
#[derive(Clone)]
struct Cluster {
    server: SocketAddr,
    addrs: Vec<SocketAddr>,
    state: Arc<Mutex<State>>,
    /// Requests that a standby has refused while there was no leader.
    turned_away: Arc<AtomicU64>,
}

struct State {
    leader: Option<usize>,
    /// The sockets of connections to the leader.
    sockets: Vec<TcpStream>,
}

impl Cluster {
    fn start(server: SocketAddr, leader: usize) -> Self {
        let listeners: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let cluster = Self {
            server,
            addrs: listeners.iter().map(|listener| listener.local_addr().unwrap()).collect(),
            state: Arc::new(Mutex::new(State { leader: Some(leader), sockets: Vec::new() })),
            turned_away: Arc::default(),
        };
        for (number, listener) in listeners.into_iter().enumerate() {
            let cluster = cluster.clone();
            thread::spawn(move || {
                for client in listener.incoming() {
                    let (cluster, client) = (cluster.clone(), client.unwrap());
                    thread::spawn(move || cluster.serve(number, client));
                }
            });
        }
        cluster
    }

    fn serve(&self, number: usize, client: TcpStream) {
        let mut state = self.state.lock().unwrap();
        if state.leader != Some(number) {
            drop(state);
            // The client leaves whenever it likes.
            let _ = self.stand_by(&client);
            return;
        }
        let server = TcpStream::connect(self.server).unwrap();
        for socket in [&client, &server] {
            socket.set_nodelay(true).unwrap();
            state.sockets.push(socket.try_clone().unwrap());
        }
        drop(state);
        let (requests, replies) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let sender = thread::spawn(move || forward(requests, server));
        forward(replies, client);
        sender.join().unwrap();
    }

    fn stand_by(&self, client: &TcpStream) -> io::Result<()> {
        for line in BufReader::new(client).lines() {
            let leader = self.state.lock().unwrap().leader.map(|leader| self.addrs[leader]);
            let reply = match line?.as_str() {
                "HELLO" => hello("standby", leader),
                "STATS" => format!(
                    "OK {{\"events\":9,\"tickets\":9,\"entries\":9,{}",
                    hello("standby", leader).split_once("\"server\":\"bookline\",").unwrap().1
                ),
                _ => not_leader(leader),
            };
            self.turned_away.fetch_add(u64::from(leader.is_none()), Ordering::Relaxed);
            (&*client).write_all(reply.as_bytes())?;
        }
        Ok(())
    }

    /// The leader goes, and this server becomes it after some requests were refused.
    fn change_leader(&self, next: usize) {
        let before = self.turned_away.load(Ordering::Relaxed);
        {
            let mut state = self.state.lock().unwrap();
            state.leader = None;
            for socket in state.sockets.drain(..) {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
        let until = Instant::now() + HANG_TIMEOUT;
        while self.turned_away.load(Ordering::Relaxed) < before + 3 {
            assert!(Instant::now() < until, "no connection looks for the leader");
            thread::sleep(Duration::from_millis(1));
        }
        self.state.lock().unwrap().leader = Some(next);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    for socket in [from, to] {
        let _ = socket.shutdown(Shutdown::Both);
    }
}

#[test]
fn every_change_is_made_once_by_a_cluster_whose_leader_changes() {
    for workload in
        [&["--workload", "hot"][..], &["--workload", "hold", "--events", "20"], &["--workload", "calendar"]]
    {
        let directory = tempfile::tempdir().unwrap();
        let server = ChildServer::start(directory.path());
        let cluster = Cluster::start(server.addr, 1);
        let flags = ["bench", "--retry", "--json", "--conns", "8", "--depth", "8", "--secs", "1000"];
        let mut command = bookline(&cluster.addrs, &[&flags[..], workload].concat());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let client = command.spawn().unwrap();
        for change in 0..CHANGES {
            wait_for_commits(server.addr);
            cluster.change_leader((change + 2) % cluster.addrs.len());
        }
        wait_for_commits(server.addr);
        let client = end_measurement(client);
        let report = parse_report(&client);
        assert_eq!((client.exit, client.stderr.as_str()), (0, ""), "{workload:?}: {report:#}");
        assert_eq!(report["verified"]["ok"], true, "{workload:?}: {report:#}");
        assert!(number(&report, "/retries/reconnections") >= CHANGES as u64, "{workload:?}: {report:#}");
        assert!(report["retries"]["refused"].to_string().contains("NOT_LEADER"), "{workload:?}: {report:#}");
    }
}

#[test]
fn all_servers_and_what_they_said_are_named_when_none_leads_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let server = ChildServer::start(directory.path());
    let cluster = Cluster::start(server.addr, 1);
    let standby = cluster.addrs[0];
    let down = nobody();
    let client = run(bookline(&[down, standby], &["--timeout", "1s", "bench"]));
    assert_eq!((client.exit, client.stdout.as_str()), (3, ""), "{}", client.stderr);
    assert!(client.stderr.starts_with("bookline: no leader within 1s: "), "{}", client.stderr);
    for said in [format!("{down}: cannot connect: "), format!("{standby} is a standby")] {
        assert!(client.stderr.contains(&said), "{said}: {}", client.stderr);
    }
}
