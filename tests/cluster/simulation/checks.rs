//! Whether a simulated cluster has one history, with all that was acknowledged.

use super::history::History;
use super::rule::Rule;
use super::server::Server;
use super::world::World;

impl World {
    /// Checks that a server has applied the beginning of the stream.
    pub fn check_position(&mut self, index: usize) {
        let server = &self.servers[index];
        let Some(position) = server.member.as_ref().map(|member| member.position()) else { return };
        let place = usize::try_from(position.stream.0 - 1).expect("a short log");
        // The CRC of a frame is its beginning.
        let is_there = self.stream.messages.get(place);
        let is_there = is_there.is_some_and(|message| message.frame[..4] == position.crc.to_le_bytes());
        if !is_there || position.commit.0 != server.durable as u64 {
            let what = format!("server {index} has {} commits at {position:?}", server.durable);
            self.break_rule(Rule::OneHistory, what);
        }
    }

    /// Reads the whole stream as a new server does, and compares it with what servers and clients know.
    /// Returns how often a leader took over.
    pub fn check_history(&mut self) -> u32 {
        let history = match History::read(&self.stream.messages) {
            Ok(history) => history,
            Err(what) => {
                self.break_rule(Rule::OneHistory, what);
                return 0;
            }
        };
        let commits = &history.commits;
        let is_lost = |(sequence, id): &&(usize, u64)| commits.get(sequence - 1) != Some(id);
        if let Some((sequence, id)) = self.acknowledged.iter().find(is_lost).copied() {
            let what = format!("commit {sequence}, with id {id}, is not in the log");
            self.break_rule(Rule::NoAcknowledgedLoss, what);
        }
        let is_other = |server: &Server| !commits.starts_with(&server.state[..server.durable]);
        if let Some(index) = self.servers.iter().position(is_other) {
            self.break_rule(Rule::OneHistory, format!("server {index} has other commits than the log"));
        }
        history.takeovers
    }
}
