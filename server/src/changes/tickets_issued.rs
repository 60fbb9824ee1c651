//! Tickets of an event were issued, without the counts after it: in journals of version 0.1.0, and in their
//! snapshots. A booking is journaled as [`super::TicketsBooked`], and a snapshot has
//! [`super::TicketsKept`].
//!
//! Body: tag u16, event u64, ids of 16 bytes each.

use bookline_protocol::TicketStatus;
use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::reply::ChangeKind;

use super::compaction::{Compaction, TicketStates};
use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, EventKey, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketsIssued<'a> {
    pub event: EventKey,
    /// UUIDs as bytes.
    pub tickets: &'a [[u8; 16]],
}

impl<'a> Kind<'a> for TicketsIssued<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + self.tickets.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(self.tickets.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { event: event_key(body)?, tickets: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Ticket.check(self.event, self.tickets, BOOKING_TICKETS_MAX as usize)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.issue_tickets(self.event, "", self.tickets, origin.micros).map(|_| ())
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        let Self { event, tickets } = *self;
        let states = TicketStates::Same(TicketState::new(TicketStatus::Booked, origin.micros));
        Compaction::Tickets { event, attendee: "", tickets, states }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.incomplete(ChangeKind::TicketsBooked, &|line| {
            line.open("earlier_tickets_booked", origin.micros);
            line.number("event", self.event.number.0);
            line.number("count", self.tickets.len() as u64);
            line.secret_ids("tickets", self.tickets);
        })
    }
}
