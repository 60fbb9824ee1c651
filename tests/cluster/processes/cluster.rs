//! A cluster: three NATS servers and three `booklined`.

use std::net::SocketAddr;
use std::process::Command;

use bookline_testkit::nats::{Nats, NatsProgram};
use bookline_testkit::ports::fixed_ports;
use bookline_testkit::process::booklined;

use super::member::Member;
use super::poll::poll;

/// Members, and NATS servers.
pub const SERVERS: usize = 3;

/// The stream of a cluster with the name `sales`.
pub const STREAM: &str = "BOOKLINE-sales";

/// It is killed when it is dropped, whatever is stopped or down.
pub struct Cluster {
    pub nats: Nats,
    pub members: Vec<Member>,
}

/// Who leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leadership {
    pub leader: usize,
    pub term: u64,
}

impl Cluster {
    /// Starts a cluster, and waits until it has a leader.
    pub fn start(program: NatsProgram) -> Self {
        let nats = Nats::start(program, SERVERS, "");
        let urls = nats.urls().join(",");
        let members = fixed_ports(SERVERS).into_iter().map(|port| {
            let replicas = SERVERS.to_string();
            let address = format!("127.0.0.1:{port}");
            let flags = [
                "--cluster",
                &urls,
                "--cluster-name",
                "sales",
                "--cluster-replicas",
                &replicas,
                "--advertise",
                &address,
            ];
            Member::new(port, flags.map(str::to_owned).to_vec())
        });
        let mut cluster = Self { members: members.collect(), nats };
        cluster.members.iter_mut().for_each(Member::start);
        cluster.settled();
        cluster
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.members.iter().map(Member::address).collect()
    }

    /// The member that leads now: it says so, and no other member that answers has heard of a later one.
    pub fn leadership(&mut self) -> Leadership {
        poll("one leader", || self.leadership_now())
    }

    fn leadership_now(&mut self) -> Option<Leadership> {
        let states: Vec<_> = self.members.iter_mut().map(Member::cluster_state).collect();
        let mut leaders =
            (0..SERVERS).filter(|&member| states[member].as_ref().is_some_and(|state| state.is_leader));
        let leader = leaders.next()?;
        if leaders.next().is_some() {
            return None;
        }
        let term = states[leader].as_ref()?.term;
        let is_last = states.iter().flatten().all(|state| state.term <= term);
        is_last.then_some(Leadership { leader, term })
    }

    /// Lets the leader step down, and returns what is printed about the next one.
    pub fn step_down(&self) -> String {
        let urls = self.nats.urls().join(",");
        let mut command = Command::new(booklined());
        command.args(["cluster", "step-down", "--cluster", &urls, "--cluster-name", "sales"]);
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The NATS server that leads the stream.
    pub fn stream_leader(&self) -> usize {
        poll("a leader of the stream", || self.nats.stream(STREAM)).leader
    }

    /// Waits until every server is up and knows the leader, and the stream has all of its replicas: the
    /// cluster can bear the next fault.
    pub fn settled(&mut self) -> Leadership {
        poll("a settled cluster", || {
            let all_run = (0..SERVERS).all(|node| self.nats.is_running(node));
            let stream = self.nats.stream(STREAM).filter(|stream| all_run && stream.is_replicated);
            stream?;
            let leadership = self.leadership_now()?;
            let address = self.members[leadership.leader].address().to_string();
            let is_known = self.members.iter_mut().all(|member| {
                let state = member.cluster_state();
                state.is_some_and(|state| {
                    state.leader.as_ref() == Some(&address) && state.term == leadership.term
                })
            });
            is_known.then_some(leadership)
        })
    }

    /// The process of each member. A restart changes it.
    pub fn pids(&mut self) -> Vec<u32> {
        self.members.iter_mut().map(Member::pid).collect()
    }
}
