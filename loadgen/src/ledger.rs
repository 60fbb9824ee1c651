//! What the server acknowledged during the load. Verification compares it with what the server has.

use bookline_protocol::TicketId;

use crate::calendar::Calendar;
use crate::findings::Findings;

/// Tickets that are kept for verification: 1 GiB, at 16 bytes each. Of the others only the number is kept,
/// by event.
pub const TICKETS_KEPT_MAX: usize = 64 << 20;

#[derive(Debug)]
pub struct Ledger {
    /// Tickets that were acknowledged, by event.
    pub sold: Vec<u64>,
    /// Whether a booking was refused with SOLD_OUT, by event.
    pub sold_out: Vec<bool>,
    /// The first [`TICKETS_KEPT_MAX`] tickets.
    pub tickets: Vec<TicketId>,
    pub calendar: Calendar,
    /// Violations so far.
    pub findings: Findings,
}

impl Ledger {
    pub fn new(events: u32, calendar: Calendar) -> Self {
        let events = events as usize;
        let mut tickets = Vec::new();
        // This reserves addresses only: pages that are not used take no memory, and the vector is never
        // copied during the load. Where the reservation fails, the vector grows as usual.
        if events > 0 {
            let _ = tickets.try_reserve_exact(TICKETS_KEPT_MAX);
        }
        Self {
            sold: vec![0; events],
            sold_out: vec![false; events],
            tickets,
            calendar,
            findings: Findings::default(),
        }
    }

    #[inline]
    pub fn add_ticket(&mut self, ticket: TicketId) {
        if self.tickets.len() < TICKETS_KEPT_MAX {
            self.tickets.push(ticket);
        }
    }
}
