//! Each ticket is there, for the event that gave it out, and was given out once.

use bookline_protocol::TicketId;
use bookline_protocol::reply::Ticket;

use crate::bench::failure::{Failure, shown};
use crate::bench::ledger::{Ledger, Wrong};
use crate::bench::names::{EVENT_DIGITS, Run};
use crate::bench::pattern;
use crate::bench::tally::{self, Final};
use crate::bench::work::{Asked, Work};

/// TICKET for every ticket that was kept.
#[derive(Debug)]
pub struct Tickets<'a> {
    ledger: &'a mut Ledger,
    next: usize,
    /// What the ids of the run's events begin with.
    prefix: String,
    /// Tickets that are there, by event.
    found: Vec<u64>,
    /// Room for what a reply should begin with.
    expected: Vec<u8>,
}

impl<'a> Tickets<'a> {
    /// Notes those that were given out twice, and has asked for none yet.
    pub fn new(ledger: &'a mut Ledger, run: Run) -> Self {
        ledger.tickets.sort_unstable();
        for pair in ledger.tickets.windows(2) {
            if pair[0] == pair[1] {
                let case = || format!("ticket {} was given out by two bookings", pair[0]);
                ledger.findings.note(Wrong::TicketTwice, case);
            }
        }
        let found = vec![0; ledger.sold.len()];
        Self { ledger, next: 0, prefix: run.event_prefix(), found, expected: Vec::new() }
    }

    /// When everything is answered: has no event more tickets than it gave out?
    pub fn compare(self) {
        for (event, (&found, &sold)) in self.found.iter().zip(&self.ledger.sold).enumerate() {
            if found > sold {
                let case = || {
                    let id = format!("{}{event:06}", self.prefix);
                    format!("{found} tickets are for event {id}, which gave out {sold}")
                };
                self.ledger.findings.note(Wrong::TicketElsewhere, case);
            }
        }
    }

    /// The number of the event that the ticket is for, if the reply is what it always is.
    fn event(&mut self, ticket: TicketId, line: &[u8]) -> Option<usize> {
        let expected = &mut self.expected;
        expected.clear();
        expected.extend_from_slice(b"OK {\"ticket\":\"");
        ticket.write(expected);
        expected.extend_from_slice(b"\",\"event_id\":\"");
        expected.extend_from_slice(self.prefix.as_bytes());
        let number = line.strip_prefix(expected.as_slice())?.strip_suffix(b"\"}")?;
        self.number(number)
    }

    fn number(&self, digits: &[u8]) -> Option<usize> {
        let number = pattern::number(digits)? as usize;
        (digits.len() == EVENT_DIGITS && number < self.found.len()).then_some(number)
    }

    fn read(&mut self, ticket: TicketId, line: &[u8]) -> Result<(), Failure> {
        let body = match tally::read(line)? {
            Final::Ok(body) => body,
            Final::Err(code, body) => {
                let case =
                    || format!("ticket {ticket} was given out; TICKET says {code}: {}", tally::message(body));
                self.ledger.findings.note(Wrong::TicketMissing, case);
                return Ok(());
            }
        };
        let event = serde_json::from_str::<Ticket<'_>>(body).ok().filter(|reply| reply.ticket == ticket);
        let number =
            event.and_then(|reply| self.number(reply.event_id.strip_prefix(&self.prefix)?.as_bytes()));
        match number {
            Some(event) => self.found[event] += 1,
            None => {
                let case = || format!("ticket {ticket} was given out; TICKET says {}", shown(line));
                self.ledger.findings.note(Wrong::TicketElsewhere, case);
            }
        }
        Ok(())
    }
}

impl Work for Tickets<'_> {
    fn ask(&mut self, _connection: usize, out: &mut Vec<u8>) -> Option<Asked> {
        let place = self.next;
        let ticket = self.ledger.tickets.get(place)?;
        self.next += 1;
        out.extend_from_slice(b"TICKET ");
        ticket.write(out);
        out.push(b'\n');
        Some(Asked::Ticket(place))
    }

    fn hear(&mut self, asked: Asked, line: &[u8]) -> Result<(), Failure> {
        let Asked::Ticket(place) = asked else { return Ok(()) };
        let ticket = self.ledger.tickets[place];
        match self.event(ticket, line) {
            Some(event) => {
                self.found[event] += 1;
                Ok(())
            }
            None => self.read(ticket, line),
        }
    }
}
