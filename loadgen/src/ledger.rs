//! What the server acknowledged during the load. Verification compares it with what the server has.

use std::ops::Range;

use bookline_protocol::TicketId;
use bookline_protocol::ticket::TicketStatus;

use crate::calendar::Calendar;
use crate::findings::Findings;
use crate::holds::Holds;

/// Tickets that are kept for verification: 1 GiB, at 16 bytes each. Of the others only the number is kept,
/// by event.
pub const TICKETS_KEPT_MAX: usize = 64 << 20;

/// What was acknowledged of an event, in tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventLedger {
    /// Those that were issued, cancelled or not.
    pub issued: u64,
    /// Those that were cancelled.
    pub cancelled: u64,
    /// Those of holds that have not ended.
    pub held: u64,
    /// Whether a request was refused with SOLD_OUT.
    pub sold_out: bool,
    /// Whether tickets returned to sale, so that SOLD_OUT may have been right with tickets left at the end.
    pub returned: bool,
}

impl EventLedger {
    /// Tickets that are valid.
    pub const fn valid(&self) -> u64 {
        self.issued - self.cancelled
    }
}

#[derive(Debug)]
pub struct Ledger {
    /// By the number of the event.
    pub events: Vec<EventLedger>,
    /// The first [`TICKETS_KEPT_MAX`] tickets, those of a booking next to each other.
    pub tickets: Vec<TicketId>,
    /// Whether the ticket with the same index was cancelled. It is false for those beyond the end.
    cancelled: Vec<bool>,
    pub holds: Holds,
    pub calendar: Calendar,
    /// Violations so far.
    pub findings: Findings,
}

impl Ledger {
    pub fn new(events: u32, holds: Holds, calendar: Calendar) -> Self {
        let mut tickets = Vec::new();
        // This reserves addresses only: pages that are not used take no memory, and the vector is never
        // copied during the load. Where the reservation fails, the vector grows as usual.
        if events > 0 {
            let _ = tickets.try_reserve_exact(TICKETS_KEPT_MAX);
        }
        Self {
            events: vec![EventLedger::default(); events as usize],
            tickets,
            cancelled: Vec::new(),
            holds,
            calendar,
            findings: Findings::default(),
        }
    }

    /// Records the tickets of a booking, all or, if one is `None`, none. Returns whether they were recorded.
    #[inline]
    pub fn add_tickets(&mut self, event: u32, tickets: impl Iterator<Item = Option<TicketId>>) -> bool {
        let kept = self.tickets.len();
        let mut issued = 0;
        for ticket in tickets {
            let Some(ticket) = ticket else {
                self.tickets.truncate(kept);
                return false;
            };
            if self.tickets.len() < TICKETS_KEPT_MAX {
                self.tickets.push(ticket);
            }
            issued += 1;
        }
        self.events[event as usize].issued += issued;
        true
    }

    /// Records that these tickets of an event, by their indices, were cancelled.
    pub fn cancel_tickets(&mut self, event: u32, tickets: Range<usize>) {
        let event = &mut self.events[event as usize];
        event.cancelled += tickets.len() as u64;
        event.returned = true;
        if self.cancelled.len() < tickets.end {
            self.cancelled.resize(tickets.end, false);
        }
        self.cancelled[tickets].fill(true);
    }

    /// The status that the ticket with this index must have.
    pub fn ticket_status(&self, index: usize) -> TicketStatus {
        match self.cancelled.get(index) {
            Some(true) => TicketStatus::Cancelled,
            _ => TicketStatus::Booked,
        }
    }
}
