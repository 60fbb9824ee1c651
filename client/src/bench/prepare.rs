//! What comes before the load: every connection is greeted, an empty server is found empty, the events are made.

use bookline_protocol::reply::Hello;
use serde::Deserialize;

use super::args::Flags;
use super::failure::{Failure, shown};
use super::names::{EVENT_DATE, Run};
use super::pattern::Pattern;
use super::tally::{self, Final};
use super::work::{Asked, Work};
use crate::address::Address;
use crate::connection::turns_away;
use crate::error::Error;
use crate::interrupt::Interrupt;

/// HELLO over every connection: is it Bookline, and does it let all of them in?
#[derive(Debug)]
pub struct Greeting {
    address: Address,
    greeted: Vec<bool>,
    /// The version that the server says it has.
    pub version: String,
}

impl Greeting {
    /// Nobody is greeted yet.
    pub fn new(address: &Address, conns: u32) -> Self {
        Self { address: address.clone(), greeted: vec![false; conns as usize], version: String::new() }
    }
}

impl Work for Greeting {
    fn ask(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        if std::mem::replace(&mut self.greeted[connection], true) {
            return None;
        }
        out.extend_from_slice(b"HELLO\n");
        Some(Asked::Hello)
    }

    fn hear(&mut self, _asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let address = self.address.clone();
        match tally::read(line) {
            Ok(Final::Ok(body)) => {
                if let Ok(hello) = serde_json::from_str::<Hello<'_>>(body)
                    && hello.server == "bookline"
                {
                    self.version = hello.version.into_owned();
                    return Ok(());
                }
            }
            Ok(Final::Err(code, _)) if turns_away(code) => return Err(Error::TurnedAway { address }.into()),
            _ => {}
        }
        Err(Error::Stranger { address, said: shown(line) }.into())
    }
}

/// STATS once: does the server hold anything?
#[derive(Debug)]
pub struct Emptiness {
    address: Address,
    asked: bool,
}

impl Emptiness {
    /// It was not asked yet.
    pub fn new(address: &Address) -> Self {
        Self { address: address.clone(), asked: false }
    }
}

/// What STATS says of it.
#[derive(Debug, Deserialize)]
struct Holdings {
    events: u64,
    tickets: u64,
    entries: u64,
}

impl Work for Emptiness {
    fn ask(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        if std::mem::replace(&mut self.asked, true) {
            return None;
        }
        out.extend_from_slice(b"STATS\n");
        Some(Asked::Stats)
    }

    fn hear(&mut self, _asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let holdings = match tally::read(line)? {
            Final::Ok(body) => serde_json::from_str(body).ok(),
            Final::Err(..) => None,
        };
        match holdings {
            Some(Holdings { events: 0, tickets: 0, entries: 0 }) => Ok(()),
            Some(Holdings { events, tickets, entries }) => {
                Err(Failure::InUse { address: self.address.clone(), events, tickets, entries })
            }
            None => Err(Failure::Untold { line: shown(line) }),
        }
    }
}

/// CREATE of every event.
#[derive(Debug)]
pub struct Events {
    create: Pattern,
    wanted: u32,
    interrupt: Interrupt,
    /// Those there are.
    pub made: u32,
}

impl Events {
    /// The events that the workload needs.
    pub fn new(flags: &Flags, run: Run, interrupt: Interrupt) -> Self {
        let event = run.event();
        let create = format!("CREATE \"Load of bookline bench\" {EVENT_DATE} {} id={event}\n", flags.seats);
        Self { create: Pattern::new(&create), wanted: flags.needed_events(), interrupt, made: 0 }
    }
}

impl Work for Events {
    fn ask(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        if self.made == self.wanted || self.interrupt.came() {
            return None;
        }
        let event = self.made;
        self.made += 1;
        out.extend_from_slice(self.create.with(event.into()));
        Some(Asked::Create(event))
    }

    fn hear(&mut self, _asked: Asked, line: &[u8]) -> Result<(), Failure> {
        match tally::read(line)? {
            Final::Ok(_) => Ok(()),
            Final::Err(code, body) => {
                let code = code.to_owned();
                Err(Failure::Unprepared { code, message: tally::message(body) })
            }
        }
    }
}
