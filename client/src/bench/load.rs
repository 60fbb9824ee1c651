//! The load: what each workload asks for, and what its replies acknowledge.
//!
//! Here every instruction counts, for they are taken from the server that is measured: lines are written from patterns
//! and replies compared by position, nothing is allocated and no JSON is read, unless a reply is not what it always is.

use bookline_protocol::reply::{Booked, Event};
use bookline_protocol::ticket::WRITTEN;

use super::args::{Flags, Workload};
use super::calendar::Calendar;
use super::failure::Failure;
use super::ledger::{Ledger, Wrong};
use super::meter::Meter;
use super::names::{Random, Run, seed};
use super::pattern::Pattern;
use super::tally::{self, Final, Tally};
use super::ticket;
use super::work::{Asked, Nanos, Work};

/// The load of a run.
#[derive(Debug)]
pub struct Load {
    run: Run,
    workload: Workload,
    /// Events that there are.
    pub events: u32,
    tickets: usize,
    random: Random,
    book: Pattern,
    /// What the reply to BOOK begins with, up to the first ticket.
    booked: Pattern,
    get: Pattern,
    /// What the reply to GET of an event begins with.
    got: Pattern,
    /// What was acknowledged.
    pub ledger: Ledger,
    /// What was refused.
    pub tally: Tally,
    /// What was measured.
    pub meter: Meter,
}

/// What stands between the last ticket and the number that are left.
const BEHIND_TICKETS: &[u8] = b"],\"available_tickets\":";

impl Load {
    /// The load that the flags ask for, on the `events` that there are.
    pub fn new(flags: &Flags, run: Run, events: u32, meter: Meter) -> Self {
        let event = run.event();
        Self {
            run,
            workload: flags.workload,
            events,
            tickets: flags.tickets as usize,
            random: Random::new(seed()),
            book: Pattern::new(&format!("BOOK {event} {}\n", flags.tickets)),
            booked: Pattern::new(&format!("OK {{\"event_id\":\"{event}\",\"tickets\":[")),
            get: Pattern::new(&format!("GET {event}\n")),
            got: Pattern::new(&format!("OK {{\"id\":\"{event}\",")),
            ledger: Ledger::new(events, Calendar::new(run, seed(), flags.conns)),
            tally: Tally::default(),
            meter,
        }
    }

    #[inline]
    fn book(&mut self, event: u32, out: &mut Vec<u8>) -> Asked {
        out.extend_from_slice(self.book.with(event.into()));
        Asked::Book(event)
    }

    #[inline]
    fn get(&mut self, out: &mut Vec<u8>) -> Asked {
        let event = self.random.below(self.events);
        out.extend_from_slice(self.get.with(event.into()));
        Asked::Event(event)
    }

    /// Takes the tickets of a reply to BOOK, if it is what it always is.
    #[inline]
    fn take_tickets(&mut self, event: u32, line: &[u8]) -> bool {
        let head = self.booked.with(event.into());
        let Some(list) = line.strip_prefix(head) else { return false };
        let Some((tickets, behind)) = list.split_at_checked(self.tickets * (WRITTEN + 3) - 1) else {
            return false;
        };
        if !behind.starts_with(BEHIND_TICKETS) {
            return false;
        }
        let kept = self.ledger.tickets.len();
        for (index, quoted) in tickets.chunks(WRITTEN + 3).enumerate() {
            let last = index + 1 == self.tickets;
            let ticket = match quoted {
                [b'"', text @ .., b'"', b','] if !last => text.as_array(),
                [b'"', text @ .., b'"'] if last => text.as_array(),
                _ => None,
            };
            let Some(ticket) = ticket.and_then(ticket::read) else {
                self.ledger.tickets.truncate(kept);
                return false;
            };
            self.ledger.keep(ticket);
        }
        self.ledger.sold[event as usize] += self.tickets as u64;
        true
    }

    /// Takes a reply that is not what it always is.
    #[cold]
    fn read(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure> {
        match (tally::read(line)?, asked) {
            (Final::Err(code, body), asked) => {
                let message = || tally::message(body);
                let expected = self.tally.refuse(asked, code, message, self.meter.is_counting());
                match asked {
                    Asked::Calendar(number) => self.ledger.calendar.refuse(number),
                    Asked::Book(event) if expected => self.ledger.sold_out[event as usize] = true,
                    _ => {}
                }
            }
            (Final::Ok(body), Asked::Book(event)) => self.read_booked(event, body),
            (Final::Ok(body), Asked::Event(event)) => {
                let id = self.run.event_id(event);
                if !serde_json::from_str::<Event<'_>>(body).is_ok_and(|event| event.id == id) {
                    let case = || format!("GET {id} was answered OK {body}");
                    self.ledger.findings.note(Wrong::ReplyElsewhere, case);
                }
            }
            (Final::Ok(_), _) => {}
        }
        Ok(())
    }

    fn read_booked(&mut self, event: u32, body: &str) {
        let id = self.run.event_id(event);
        match serde_json::from_str::<Booked<'_>>(body) {
            Ok(booked) if booked.event_id == id && booked.tickets.len() == self.tickets => {
                booked.tickets.into_iter().for_each(|ticket| self.ledger.keep(ticket));
                self.ledger.sold[event as usize] += self.tickets as u64;
            }
            _ => {
                let case = || format!("BOOK {id} {} was answered OK {body}", self.tickets);
                self.ledger.findings.note(Wrong::ReplyElsewhere, case);
            }
        }
    }
}

impl Work for Load {
    #[inline]
    fn now(&mut self, now: Nanos) {
        self.meter.now(now);
    }

    #[inline]
    fn ask(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        if self.meter.is_over() {
            return None;
        }
        Some(match self.workload {
            Workload::Hot => self.book(0, out),
            Workload::Spread => {
                let event = self.random.below(self.events);
                self.book(event, out)
            }
            Workload::Calendar => self.ledger.calendar.step(connection, out),
            Workload::Reads => self.get(out),
            Workload::Mixed => match self.random.below(100) {
                0..60 => self.get(out),
                60..85 => {
                    let event = self.random.below(self.events);
                    self.book(event, out)
                }
                85..95 => self.ledger.calendar.step(connection, out),
                _ => self.ledger.calendar.day(connection, out),
            },
        })
    }

    #[inline]
    fn hear(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let as_always = match asked {
            Asked::Book(event) => self.take_tickets(event, line),
            Asked::Event(event) => line.starts_with(self.got.with(event.into())),
            // What an entry came to is asked for in the end.
            _ => line.starts_with(b"OK {"),
        };
        if as_always { Ok(()) } else { self.read(asked, line) }
    }

    #[inline]
    fn time(&mut self, sent: Nanos, now: Nanos, replies: u64) {
        self.meter.count(now - sent, replies);
    }
}
