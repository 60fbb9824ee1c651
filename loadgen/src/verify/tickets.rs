//! Every ticket exists, belongs to the event that issued it, was issued once, and is cancelled if that was
//! acknowledged.

use bookline_protocol::TicketId;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::ticket::TicketStatus;

use crate::error::{Error, excerpt};
use crate::findings::Violation;
use crate::ledger::{EventLedger, Ledger};
use crate::names::{EVENT_DIGITS, RunId, parse_event_number};
use crate::phase::{Pending, Phase};
use crate::reply::{FinalLine, message};

/// TICKET of every ticket in the ledger.
#[derive(Debug)]
pub struct CheckTickets<'a> {
    ledger: &'a mut Ledger,
    next: usize,
    event_prefix: String,
    /// Tickets that exist, by event.
    found: Vec<u64>,
    /// The beginning of the usual reply; kept for its allocation.
    expected: Vec<u8>,
}

impl<'a> CheckTickets<'a> {
    pub fn new(ledger: &'a mut Ledger, run: RunId) -> Self {
        let found = vec![0; ledger.events.len()];
        Self { ledger, next: 0, event_prefix: run.event_prefix(), found, expected: Vec::new() }
    }

    /// Checks, after the last reply, that no event has more tickets than it issued, and that no ticket was
    /// issued twice. It sorts the tickets.
    pub fn compare(self) {
        let Self { ledger, event_prefix, found, .. } = self;
        for (event, (&found, &EventLedger { issued, .. })) in found.iter().zip(&ledger.events).enumerate() {
            if found > issued {
                let case = || {
                    format!("{found} tickets are for event {event_prefix}{event:06}, which issued {issued}")
                };
                ledger.findings.add(Violation::TicketOfOtherEvent, case);
            }
        }
        ledger.tickets.sort_unstable();
        for pair in ledger.tickets.windows(2) {
            if pair[0] == pair[1] {
                let case = || format!("two bookings got the ticket {}", pair[0]);
                ledger.findings.add(Violation::DuplicateTicket, case);
            }
        }
    }

    /// The index of the event in the usual reply, with the status that the ticket must have.
    fn event_of_usual(&mut self, ticket: TicketId, status: TicketStatus, line: &[u8]) -> Option<usize> {
        let expected = &mut self.expected;
        expected.clear();
        expected.extend_from_slice(b"OK {\"ticket\":\"");
        ticket.write(expected);
        expected.extend_from_slice(b"\",\"event_id\":\"");
        expected.extend_from_slice(self.event_prefix.as_bytes());
        let (number, after) = line.strip_prefix(expected.as_slice())?.split_at_checked(EVENT_DIGITS)?;
        let after = after.strip_prefix(b"\",\"status\":\"")?.strip_prefix(status.as_str().as_bytes())?;
        after.starts_with(b"\"").then(|| self.event_index(number))?
    }

    fn event_index(&self, digits: &[u8]) -> Option<usize> {
        let index = parse_event_number(digits)? as usize;
        (index < self.found.len()).then_some(index)
    }

    /// Takes a reply that differs from the usual one.
    fn take_unusual(&mut self, ticket: TicketId, status: TicketStatus, line: &[u8]) -> Result<(), Error> {
        let body = match FinalLine::parse(line)? {
            FinalLine::Ok { body } => body,
            FinalLine::Err { code, body } => {
                let case = || format!("ticket {ticket} was issued; TICKET says {code}: {}", message(body));
                self.ledger.findings.add(Violation::TicketMissing, case);
                return Ok(());
            }
        };
        let reply = serde_json::from_str::<TicketReply<'_>>(body).ok().filter(|reply| reply.ticket == ticket);
        if let Some(reply) = reply.as_ref().filter(|reply| reply.status != status) {
            let (expected, found) = (status.as_str(), reply.status.as_str());
            let case = || format!("ticket {ticket} must be {expected}; TICKET says {found}");
            self.ledger.findings.add(Violation::TicketStatus, case);
        }
        let event = reply
            .and_then(|reply| self.event_index(reply.event_id.strip_prefix(&self.event_prefix)?.as_bytes()));
        match event {
            Some(event) => self.found[event] += 1,
            None => {
                let case = || format!("ticket {ticket} was issued; TICKET says {}", excerpt(line));
                self.ledger.findings.add(Violation::TicketOfOtherEvent, case);
            }
        }
        Ok(())
    }
}

impl Phase for CheckTickets<'_> {
    fn next_request(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Pending> {
        let index = self.next;
        let ticket = self.ledger.tickets.get(index)?;
        self.next += 1;
        out.extend_from_slice(b"TICKET ");
        ticket.write(out);
        out.push(b'\n');
        Some(Pending::Ticket(index))
    }

    fn on_reply(&mut self, request: Pending, line: &[u8]) -> Result<(), Error> {
        let Pending::Ticket(index) = request else { return Ok(()) };
        let ticket = self.ledger.tickets[index];
        let status = self.ledger.ticket_status(index);
        match self.event_of_usual(ticket, status, line) {
            Some(event) => {
                self.found[event] += 1;
                Ok(())
            }
            None => self.take_unusual(ticket, status, line),
        }
    }
}
