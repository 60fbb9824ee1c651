//! Clients of a simulated cluster, which write and read.

use super::clock::{MILLI, SECOND};
use super::happenings::Happening;
use super::rule::Rule;
use super::server::{PendingRead, Server};
use super::world::{FAULTS_END, World};

impl World {
    /// A client writes or reads, at any server that takes itself for the leader. In the end it has the time
    /// to find it.
    pub fn send_client_request(&mut self) {
        self.after(2 * MILLI..self.client_pause_max, Happening::Client);
        let leader = self.servers.iter().position(Server::is_leader).filter(|_| self.now > FAULTS_END);
        let index = leader.unwrap_or_else(|| self.rng.below(self.servers.len()));
        if self.rng.one_in(2) {
            let acknowledged = self.acknowledged_max;
            return self.after(0..5 * MILLI, Happening::Looks { server: index, acknowledged });
        }
        let server = &mut self.servers[index];
        if server.decides() && server.asleep_until <= self.now {
            self.last_id += 1;
            server.write(self.last_id);
            self.step(index);
            self.send_ahead(index);
        }
    }

    /// A server looks at its state for a client. It looks at its lease when it has done that, and may sleep
    /// in between.
    pub fn look(&mut self, index: usize, acknowledged: usize) {
        let server = &self.servers[index];
        if !server.is_leader() {
            return;
        }
        let (seen, looked) = (server.state.len(), server.clock.read(self.now));
        let uses_lease = self.uses_lease && !self.rng.one_in(5);
        let read = PendingRead { seen, acknowledged, looked, uses_lease };
        let life = server.life;
        let delay = if self.rng.one_in(20) { 4 * SECOND } else { MILLI };
        self.after(0..delay, Happening::Looked { server: index, life, read });
    }

    /// A server has looked, and answers now if it may.
    pub fn check_look(&mut self, index: usize, life: u32, read: PendingRead) {
        let server = &mut self.servers[index];
        if server.life == life {
            server.reads.push(read);
            self.reply(index);
            self.step(index);
        }
    }

    /// Sends the replies of a server that may be sent, and checks that none is stale.
    pub fn reply(&mut self, index: usize) {
        for PendingRead { seen, acknowledged, uses_lease, .. } in self.servers[index].take_covered() {
            self.reads += 1;
            if seen < acknowledged {
                let by = if uses_lease { "its lease" } else { "a barrier" };
                let what = format!(
                    "server {index}, by {by}, has shown {seen} commits when {acknowledged} had been \
                     acknowledged"
                );
                self.break_rule(Rule::NoStaleRead, what);
            }
        }
    }
}
