//! Tickets of an event were cancelled: they returned to sale.
//!
//! Body: event and its counts, ids of tickets of 16 bytes each.

use bookline_protocol::TicketStatus;
use bookline_protocol::limits::CANCELLED_TICKETS_MAX;
use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketsCancelled<'a> {
    pub event: EventAfter<'a>,
    /// UUIDs as bytes, 1 to [`CANCELLED_TICKETS_MAX`].
    pub tickets: &'a [[u8; 16]],
}

impl<'a> Kind<'a> for TicketsCancelled<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + self.tickets.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.extend_from_slice(self.tickets.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { event: EventAfter::decode(body)?, tickets: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Ticket.check(self.event.key, self.tickets, CANCELLED_TICKETS_MAX)?;
        self.event.check_returned(self.tickets.len())
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, tickets } = *self;
        event.fits(target.cancel_tickets(event.key, tickets, origin.decided_at()?)?)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
        let state = TicketState::new(TicketStatus::Cancelled, Some(at));
        earlier.set_tickets(self.event.key.number, self.tickets, state);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            let count = self.tickets.len() as u64;
            self.event.open_line(line, ChangeKind::TicketsCancelled, origin.micros, count);
            line.secret_ids("tickets", self.tickets);
        });
        Ok(())
    }
}
