//! The phases before the load: HELLO over every connection, STATS, and CREATE of every event.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::Config;
use crate::error::{Error, excerpt};
use crate::handshake::Handshake;
use crate::names::{EVENT_DATE, RunId};
use crate::phase::{Pending, Phase};
use crate::reply::{FinalLine, is_of_standby, message};
use crate::stats::{ReadStats, Stats};
use crate::template::Template;

/// HELLO over every connection.
#[derive(Debug)]
pub struct Greet {
    is_sent: Vec<bool>,
    pub server_version: String,
    /// Whether a server has said that it is a standby.
    pub is_standby: bool,
}

impl Greet {
    pub fn new(connections: u32) -> Self {
        Self { is_sent: vec![false; connections as usize], server_version: String::new(), is_standby: false }
    }
}

impl Phase for Greet {
    fn next_request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        if std::mem::replace(&mut self.is_sent[connection], true) {
            return None;
        }
        out.extend_from_slice(b"HELLO\n");
        Some(Pending::Hello)
    }

    fn on_reply(&mut self, _request: Pending, line: &[u8]) -> Result<(), Error> {
        self.server_version = Handshake::check(line)?;
        self.is_standby |= is_of_standby(line);
        Ok(())
    }
}

/// Fails if the server has data, or does not say.
pub fn check_empty(read: &ReadStats) -> Result<(), Error> {
    match read.stats() {
        Some(Stats { events: 0, tickets: 0, entries: 0, .. }) => Ok(()),
        Some(Stats { events, tickets, entries, .. }) => Err(Error::HoldsData { events, tickets, entries }),
        None => {
            // A line that is not a reply is an error of its own.
            FinalLine::parse(&read.line)?;
            Err(Error::Stats { line: excerpt(&read.line) })
        }
    }
}

/// CREATE of every event that the workload needs, until `stop` is set.
#[derive(Debug)]
pub struct CreateEvents<'a> {
    create: Template,
    needed: u32,
    stop: &'a AtomicBool,
    pub created: u32,
}

impl<'a> CreateEvents<'a> {
    pub fn new(config: &Config, run: RunId, stop: &'a AtomicBool) -> Self {
        let (event, tickets) = (run.event_template(), config.tickets_per_event);
        let create = format!("CREATE \"Load of bookline bench\" {EVENT_DATE} {tickets} id={event}\n");
        Self { create: Template::new(&create), needed: config.events_needed(), stop, created: 0 }
    }
}

impl Phase for CreateEvents<'_> {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        if self.created == self.needed || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let event = self.created;
        self.created += 1;
        out.extend_from_slice(self.create.with(event.into()));
        Some(Pending::Create(event))
    }

    fn on_reply(&mut self, _request: Pending, line: &[u8]) -> Result<(), Error> {
        match FinalLine::parse(line)? {
            FinalLine::Ok { .. } => Ok(()),
            FinalLine::Err { code, body } => {
                Err(Error::EventRefused { code: code.to_owned(), message: message(body) })
            }
        }
    }
}
