//! The load: the requests of each workload, and what their replies acknowledge.
//!
//! The processor time spent here is taken from the server when both run on one machine. So requests come from
//! templates, and replies are compared by position: nothing is allocated and no JSON is parsed, unless a
//! reply differs from the usual one.

use bookline_protocol::commands::book::BookReply;
use bookline_protocol::reply::EventReply;
use bookline_protocol::ticket::TICKET_ID_CHARS;

use crate::calendar::Calendar;
use crate::config::{Config, Workload};
use crate::error::Error;
use crate::findings::Violation;
use crate::ledger::Ledger;
use crate::meter::Meter;
use crate::names::{Random, RunId, random_seed};
use crate::phase::{Nanos, Pending, Phase};
use crate::refusals::Refusals;
use crate::reply::{FinalLine, message};
use crate::template::Template;
use crate::ticket_id;

/// What follows the last ticket in the reply to BOOK.
const AFTER_TICKETS: &[u8] = b"],\"available_tickets\":";

pub struct Load<'a> {
    run: RunId,
    workload: Workload,
    /// Events that were created.
    pub events: u32,
    tickets_per_booking: usize,
    random: Random,
    book: Template,
    /// The reply to BOOK up to the first ticket.
    booked: Template,
    get: Template,
    /// The beginning of the reply to GET of an event.
    got: Template,
    pub ledger: Ledger,
    pub refusals: Refusals,
    pub meter: Meter<'a>,
}

impl<'a> Load<'a> {
    pub fn new(config: &Config, run: RunId, events: u32, meter: Meter<'a>) -> Self {
        let event = run.event_template();
        let tickets = config.tickets_per_booking;
        Self {
            run,
            workload: config.workload,
            events,
            tickets_per_booking: tickets as usize,
            random: Random::new(random_seed()),
            book: Template::new(&format!("BOOK {event} {tickets}\n")),
            booked: Template::new(&format!("OK {{\"event_id\":\"{event}\",\"tickets\":[")),
            get: Template::new(&format!("GET {event}\n")),
            got: Template::new(&format!("OK {{\"id\":\"{event}\",")),
            ledger: Ledger::new(events, Calendar::new(run, random_seed(), config.connections)),
            refusals: Refusals::default(),
            meter,
        }
    }

    #[inline]
    fn request_booking(&mut self, event: u32, out: &mut Vec<u8>) -> Pending {
        out.extend_from_slice(self.book.with(event.into()));
        Pending::Book(event)
    }

    #[inline]
    fn request_event(&mut self, out: &mut Vec<u8>) -> Pending {
        let event = self.random.below(self.events);
        out.extend_from_slice(self.get.with(event.into()));
        Pending::Event(event)
    }

    /// Records the tickets of the usual reply to BOOK. Returns false, with nothing recorded, for any other
    /// line.
    #[inline]
    fn take_booking(&mut self, event: u32, line: &[u8]) -> bool {
        let head = self.booked.with(event.into());
        let Some(list) = line.strip_prefix(head) else { return false };
        let Some((tickets, after)) =
            list.split_at_checked(self.tickets_per_booking * (TICKET_ID_CHARS + 3) - 1)
        else {
            return false;
        };
        if !after.starts_with(AFTER_TICKETS) {
            return false;
        }
        let kept = self.ledger.tickets.len();
        for (index, quoted) in tickets.chunks(TICKET_ID_CHARS + 3).enumerate() {
            let last = index + 1 == self.tickets_per_booking;
            let ticket = match quoted {
                [b'"', text @ .., b'"', b','] if !last => text.as_array(),
                [b'"', text @ .., b'"'] if last => text.as_array(),
                _ => None,
            };
            let Some(ticket) = ticket.and_then(ticket_id::parse) else {
                self.ledger.tickets.truncate(kept);
                return false;
            };
            self.ledger.add_ticket(ticket);
        }
        self.ledger.sold[event as usize] += self.tickets_per_booking as u64;
        true
    }

    /// Takes a reply that differs from the usual one.
    #[cold]
    fn take_unusual(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        match (FinalLine::parse(line)?, request) {
            (FinalLine::Err { code, body }, request) => {
                let measuring = self.meter.is_measuring();
                let expected = self.refusals.record(request, code, || message(body), measuring);
                match request {
                    Pending::Calendar(number) => self.ledger.calendar.add_refusal(number),
                    Pending::Book(event) if expected => self.ledger.sold_out[event as usize] = true,
                    _ => {}
                }
            }
            (FinalLine::Ok { body }, Pending::Book(event)) => self.parse_booking(event, body),
            (FinalLine::Ok { body }, Pending::Event(event)) => {
                let id = self.run.event_id(event);
                if !serde_json::from_str::<EventReply<'_>>(body).is_ok_and(|event| event.id == id) {
                    let case = || format!("GET {id} was answered OK {body}");
                    self.ledger.findings.add(Violation::ReplyMismatch, case);
                }
            }
            (FinalLine::Ok { .. }, _) => {}
        }
        Ok(())
    }

    fn parse_booking(&mut self, event: u32, body: &str) {
        let id = self.run.event_id(event);
        match serde_json::from_str::<BookReply<'_>>(body) {
            Ok(booked) if booked.event_id == id && booked.tickets.len() == self.tickets_per_booking => {
                booked.tickets.into_iter().for_each(|ticket| self.ledger.add_ticket(ticket));
                self.ledger.sold[event as usize] += self.tickets_per_booking as u64;
            }
            _ => {
                let case = || format!("BOOK {id} {} was answered OK {body}", self.tickets_per_booking);
                self.ledger.findings.add(Violation::ReplyMismatch, case);
            }
        }
    }
}

impl Phase for Load<'_> {
    #[inline]
    fn on_time(&mut self, now: Nanos) {
        self.meter.on_time(now);
    }

    #[inline]
    fn next_request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        if self.meter.is_over() {
            return None;
        }
        Some(match self.workload {
            Workload::Hot => self.request_booking(0, out),
            Workload::Spread => {
                let event = self.random.below(self.events);
                self.request_booking(event, out)
            }
            Workload::Calendar => self.ledger.calendar.request_step(connection, out),
            Workload::Reads => self.request_event(out),
            Workload::Mixed => match self.random.below(100) {
                0..60 => self.request_event(out),
                60..85 => {
                    let event = self.random.below(self.events);
                    self.request_booking(event, out)
                }
                85..95 => self.ledger.calendar.request_step(connection, out),
                _ => self.ledger.calendar.request_day(connection, out),
            },
        })
    }

    #[inline]
    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        let is_usual = match request {
            Pending::Book(event) => self.take_booking(event, line),
            Pending::Event(event) => line.starts_with(self.got.with(event.into())),
            // Verification checks the calendar entries themselves.
            _ => line.starts_with(b"OK {"),
        };
        if is_usual { Ok(()) } else { self.take_unusual(request, line) }
    }

    #[inline]
    fn on_latency(&mut self, sent: Nanos, now: Nanos, replies: u64) {
        self.meter.record(now - sent, replies);
    }
}
