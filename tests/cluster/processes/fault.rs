//! What happens to a process.

use std::time::Instant;

use bookline_testkit::Rng;

use super::cluster::Cluster;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// kill -9. It is started again afterwards.
    Kill,
    /// SIGSTOP, and SIGCONT afterwards.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Member(usize),
    Nats(usize),
}

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub server: Server,
    pub kind: Kind,
}

impl Kind {
    pub fn draw(rng: &mut Rng) -> Self {
        if rng.one_in(2) { Self::Kill } else { Self::Stop }
    }
}

impl Fault {
    /// Makes the server fail. Nothing that is sent to it from now on is answered.
    pub fn begin(self, cluster: &mut Cluster) {
        match (self.server, self.kind) {
            (Server::Member(member), Kind::Kill) => cluster.members[member].kill(),
            (Server::Member(member), Kind::Stop) => cluster.members[member].stop(),
            (Server::Nats(node), Kind::Kill) => cluster.nats.kill(node),
            (Server::Nats(node), Kind::Stop) => cluster.nats.stop(node),
        }
    }

    /// Lets the server run again.
    pub fn end(self, cluster: &mut Cluster) {
        match (self.server, self.kind) {
            (Server::Member(member), Kind::Kill) => cluster.members[member].start(),
            (Server::Member(member), Kind::Stop) => cluster.members[member].resume(),
            (Server::Nats(node), Kind::Kill) => cluster.nats.start_node(node),
            (Server::Nats(node), Kind::Stop) => cluster.nats.resume(node),
        }
    }
}

/// Makes servers fail, as good as at once.
pub fn begin_all(faults: &[Fault], cluster: &mut Cluster) -> FaultTime {
    let began = Instant::now();
    faults.iter().for_each(|fault| fault.begin(cluster));
    FaultTime { began, complete: Instant::now() }
}

pub fn end_all(faults: &[Fault], cluster: &mut Cluster) {
    faults.iter().for_each(|fault| fault.end(cluster));
}

/// When servers failed.
#[derive(Debug, Clone, Copy)]
pub struct FaultTime {
    /// The first of them.
    pub began: Instant,
    /// All of them.
    pub complete: Instant,
}
