//! The load: the requests of each workload, and what their replies acknowledge.
//!
//! The processor time spent here is taken from the server when both run on one machine. So requests come from
//! templates, and replies are compared by position: nothing is allocated and no JSON is parsed, unless a
//! reply differs from the usual one.

use bookline_protocol::TicketId;
use bookline_protocol::commands::book::BookReply;
use bookline_protocol::commands::cancel::CancelReply;
use bookline_protocol::commands::confirm::ConfirmReply;
use bookline_protocol::hold::HoldStatus;
use bookline_protocol::reply::EventReply;

use crate::bookings::{Booking, Bookings};
use crate::calendar::Calendar;
use crate::config::{Config, Workload};
use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::holds::{Holds, OpenHold, Step, split_hold_id};
use crate::ledger::Ledger;
use crate::meter::Meter;
use crate::names::{Random, RunId, random_seed};
use crate::phase::{Nanos, Pending, Phase};
use crate::refusals::Refusals;
use crate::reply::{FinalLine, message, parse_ok};
use crate::tagged_id::split_tickets;
use crate::template::Template;

/// What follows the last ticket in the replies to BOOK and CONFIRM.
const AFTER_TICKETS: &[u8] = b"],\"available_tickets\":";

pub struct Load<'a> {
    run: RunId,
    workload: Workload,
    /// Events that were created.
    pub events: u32,
    tickets_per_booking: usize,
    random: Random,
    book: Template,
    /// The replies to BOOK and CONFIRM, from the event to the first ticket.
    booked: Template,
    get: Template,
    /// The beginning of the reply to GET of an event.
    got: Template,
    /// Bookings to cancel.
    bookings: Bookings,
    pub ledger: Ledger,
    pub refusals: Refusals,
    pub meter: Meter<'a>,
}

impl<'a> Load<'a> {
    pub fn new(config: &Config, run: RunId, events: u32, meter: Meter<'a>) -> Self {
        let event = run.event_template();
        let tickets = config.tickets_per_booking;
        let holds = Holds::new(run, random_seed(), tickets);
        let calendar = Calendar::new(run, random_seed(), config.connections);
        Self {
            run,
            workload: config.workload,
            events,
            tickets_per_booking: tickets as usize,
            random: Random::new(random_seed()),
            book: Template::new(&format!("BOOK {event} {tickets}\n")),
            booked: Template::new(&format!("\"event_id\":\"{event}\",\"tickets\":[")),
            get: Template::new(&format!("GET {event}\n")),
            got: Template::new(&format!("OK {{\"id\":\"{event}\",")),
            bookings: Bookings::default(),
            ledger: Ledger::new(events, holds, calendar),
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

    /// The next step of an open hold, or a HOLD.
    #[inline]
    fn request_hold_or_step(&mut self, out: &mut Vec<u8>) -> Pending {
        if let Some(hold) = self.ledger.holds.request_step(out) {
            return Pending::HoldStep(hold);
        }
        let event = self.random.below(self.events);
        self.ledger.holds.request_hold(event, out);
        Pending::Hold(event)
    }

    /// The CANCEL of a booking, or a BOOK.
    #[inline]
    fn request_booking_or_cancellation(&mut self, out: &mut Vec<u8>) -> Pending {
        if let Some(booking) = self.bookings.request_cancellation(&self.ledger.tickets, out) {
            return Pending::Cancel(booking);
        }
        let event = self.random.below(self.events);
        self.request_booking(event, out)
    }

    /// Takes the usual reply to BOOK. Returns false, with nothing recorded, for any other line.
    #[inline]
    fn take_booking(&mut self, event: u32, line: &[u8]) -> bool {
        let kept = self.ledger.tickets.len();
        let is_usual = line.strip_prefix(b"OK {").is_some_and(|booking| self.take_tickets(event, booking));
        if is_usual {
            self.add_booking(event, kept);
        }
        is_usual
    }

    /// Takes the usual reply to CONFIRM. Returns false, with nothing recorded, for any other line.
    #[inline]
    fn take_confirmation(&mut self, hold: OpenHold, line: &[u8]) -> bool {
        let is_usual = split_hold_id(line).is_some_and(|(id, after)| {
            let booking = after.strip_prefix(b"\",");
            id == hold.id && booking.is_some_and(|booking| self.take_tickets(hold.event, booking))
        });
        if is_usual {
            self.end_hold(hold, HoldStatus::Confirmed);
        }
        is_usual
    }

    /// Records the tickets of a usual booking, given from its event. Returns false, with nothing recorded,
    /// for any other text.
    #[inline]
    fn take_tickets(&mut self, event: u32, booking: &[u8]) -> bool {
        let Some(array) = booking.strip_prefix(self.booked.with(event.into())) else { return false };
        let Some((tickets, after)) = split_tickets(array, self.tickets_per_booking) else { return false };
        after.starts_with(AFTER_TICKETS) && self.ledger.add_tickets(event, tickets)
    }

    /// Takes the usual reply to CANCEL. Returns false, with nothing recorded, for any other line.
    #[inline]
    fn take_cancellation(&mut self, booking: Booking, line: &[u8]) -> bool {
        let requested = &self.ledger.tickets[booking.tickets()];
        let is_usual = line
            .strip_prefix(b"OK {\"cancelled\":[")
            .and_then(|array| split_tickets(array, requested.len()))
            .is_some_and(|(cancelled, after)| {
                after.starts_with(b"],\"events\":[") && cancelled.eq(requested.iter().copied().map(Some))
            });
        if is_usual {
            self.ledger.cancel_tickets(booking.event, booking.tickets());
        }
        is_usual
    }

    /// Takes the reply to HOLD of an event. Returns false, with nothing recorded, for any other line.
    #[inline]
    fn take_hold(&mut self, event: u32, line: &[u8]) -> bool {
        let Some(id) = self.ledger.holds.parse_held(event, line) else { return false };
        self.ledger.holds.open(id, event);
        self.ledger.events[event as usize].held += self.tickets_per_booking as u64;
        true
    }

    /// Takes the usual reply to a step of a hold. Returns false, with nothing recorded, for any other line.
    #[inline]
    fn take_hold_step(&mut self, hold: OpenHold, line: &[u8]) -> bool {
        if hold.step == Step::Confirm {
            return self.take_confirmation(hold, line);
        }
        let is_reply = self.ledger.holds.is_reply(hold, line);
        match hold.step {
            _ if !is_reply => {}
            Step::Extend => self.ledger.holds.extended(hold),
            Step::Release | Step::Confirm => {
                self.end_hold(hold, HoldStatus::Released);
                self.ledger.events[hold.event as usize].returned = true;
            }
        }
        is_reply
    }

    /// Adds the tickets of a booking, which the ledger keeps from this index on, to those to cancel.
    #[inline]
    fn add_booking(&mut self, event: u32, first: usize) {
        if self.workload == Workload::Cancel {
            self.bookings.add(Booking::new(event, &(first..self.ledger.tickets.len())));
        }
    }

    #[inline]
    fn end_hold(&mut self, hold: OpenHold, status: HoldStatus) {
        self.ledger.events[hold.event as usize].held -= self.tickets_per_booking as u64;
        self.ledger.holds.end(hold, status);
    }

    /// Takes a reply that differs from the usual one.
    #[cold]
    fn take_unusual(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        match FinalLine::parse(line)? {
            FinalLine::Ok { .. } => {
                if !self.take_unusual_ok(request, line) {
                    let requested = self.describe(request);
                    let case = || format!("{requested} was answered {}", excerpt(line));
                    self.ledger.findings.add(Violation::ReplyMismatch, case);
                }
            }
            FinalLine::Err { code, body } => {
                let measuring = self.meter.is_measuring();
                let expected = self.refusals.record(request, code, || message(body), measuring);
                match request {
                    Pending::Calendar(number) => self.ledger.calendar.add_refusal(number),
                    Pending::Book(event) | Pending::Hold(event) if expected => {
                        self.ledger.events[event as usize].sold_out = true;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Takes an `OK` that differs from the usual one. Returns whether it is about what was requested.
    fn take_unusual_ok(&mut self, request: Pending, line: &[u8]) -> bool {
        match request {
            Pending::Book(event) => match parse_ok::<BookReply<'_>>(line) {
                Some(reply) if self.is_booking(event, &reply.event_id, &reply.tickets) => {
                    let kept = self.ledger.tickets.len();
                    self.ledger.add_tickets(event, reply.tickets.into_iter().map(Some));
                    self.add_booking(event, kept);
                    true
                }
                _ => false,
            },
            Pending::HoldStep(hold) if hold.step == Step::Confirm => {
                match parse_ok::<ConfirmReply<'_>>(line) {
                    Some(reply)
                        if reply.hold_id == hold.id
                            && self.is_booking(hold.event, &reply.event_id, &reply.tickets) =>
                    {
                        self.ledger.add_tickets(hold.event, reply.tickets.into_iter().map(Some));
                        self.end_hold(hold, HoldStatus::Confirmed);
                        true
                    }
                    _ => false,
                }
            }
            Pending::Cancel(booking) => match parse_ok::<CancelReply<'_>>(line) {
                Some(reply) if reply.cancelled == self.ledger.tickets[booking.tickets()] => {
                    self.ledger.cancel_tickets(booking.event, booking.tickets());
                    true
                }
                _ => false,
            },
            Pending::Event(event) => {
                parse_ok::<EventReply<'_>>(line).is_some_and(|reply| reply.id == self.run.event_id(event))
            }
            Pending::Hold(_) | Pending::HoldStep(_) => false,
            _ => true,
        }
    }

    fn is_booking(&self, event: u32, event_id: &str, tickets: &[TicketId]) -> bool {
        event_id == self.run.event_id(event) && tickets.len() == self.tickets_per_booking
    }

    /// A request in a finding.
    fn describe(&self, request: Pending) -> String {
        let id = |event| self.run.event_id(event);
        let tickets = self.tickets_per_booking;
        match request {
            Pending::Book(event) => format!("BOOK {} {tickets}", id(event)),
            Pending::Hold(event) => format!("HOLD {} {tickets}", id(event)),
            Pending::HoldStep(OpenHold { event, step, .. }) => {
                format!("{} of a hold of {}", step.verb(), id(event))
            }
            Pending::Cancel(booking) => {
                format!("CANCEL of {} tickets of {}", booking.tickets().len(), id(booking.event))
            }
            Pending::Event(event) => format!("GET {}", id(event)),
            _ => "a request".to_owned(),
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
            // Open holds end, so that the server puts nothing aside after the run.
            return self.ledger.holds.request_step(out).map(Pending::HoldStep);
        }
        Some(match self.workload {
            Workload::Hot => self.request_booking(0, out),
            Workload::Spread => {
                let event = self.random.below(self.events);
                self.request_booking(event, out)
            }
            Workload::Hold => self.request_hold_or_step(out),
            Workload::Cancel => self.request_booking_or_cancellation(out),
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
            Pending::Hold(event) => self.take_hold(event, line),
            Pending::HoldStep(hold) => self.take_hold_step(hold, line),
            Pending::Cancel(booking) => self.take_cancellation(booking, line),
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
