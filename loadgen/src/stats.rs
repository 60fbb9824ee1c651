//! STATS, once.

use serde::Deserialize;

use crate::error::Error;
use crate::phase::{Pending, Phase};
use crate::reply::parse_ok;

/// What a run needs of the reply to STATS.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Stats {
    pub events: u64,
    pub tickets: u64,
    pub entries: u64,
    /// Holds that have not ended. Servers of version 0.1.0 have no holds.
    #[serde(default)]
    pub holds: u64,
    /// Ended holds that the server remembers.
    #[serde(default)]
    pub max_ended_holds: u64,
}

/// STATS over one connection.
#[derive(Debug, Default)]
pub struct ReadStats {
    is_sent: bool,
    /// The reply.
    pub line: Vec<u8>,
}

impl ReadStats {
    /// The object of the reply, if it has all fields.
    pub fn stats(&self) -> Option<Stats> {
        parse_ok(&self.line)
    }
}

impl Phase for ReadStats {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        if std::mem::replace(&mut self.is_sent, true) {
            return None;
        }
        out.extend_from_slice(b"STATS\n");
        Some(Pending::Stats)
    }

    fn on_reply(&mut self, _request: Pending, line: &[u8]) -> Result<(), Error> {
        self.line.extend_from_slice(line);
        Ok(())
    }
}
