//! Tickets of an event in their states: in snapshots only.
//!
//! Body: tag u16, event u64, attendee, ids of tickets of 16 bytes each, states of the tickets of 8 bytes each
//! ([`TicketState`]). The tickets of an event are in the order of issue, and those of a booking with an
//! attendee are in one change.

use bookline_protocol::Timestamp;
use bookline_protocol::limits::BOOKING_TICKETS_MAX;

use super::CHANGE_HEADER_BYTES;
use super::attendee::{ATTENDEE_BYTES_MAX, check_attendee};
use super::compaction::{Compaction, TicketStates};
use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::{Contradiction, EventKey, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketsKept<'a> {
    pub event: EventKey,
    /// Empty if there is none.
    pub attendee: &'a str,
    /// UUIDs as bytes.
    pub tickets: &'a [[u8; 16]],
    /// The state of each ticket, which [`TicketState`] has encoded.
    pub states: &'a [[u8; 8]],
}

/// The bytes of a ticket: its id and its state.
pub const KEPT_TICKET_BYTES: usize = 16 + 8;

/// The largest encoded change.
pub const TICKETS_KEPT_BYTES_MAX: usize = CHANGE_HEADER_BYTES
    + EVENT_KEY_BYTES
    + (2 + ATTENDEE_BYTES_MAX)
    + KEPT_TICKET_BYTES * BOOKING_TICKETS_MAX as usize;

impl<'a> Kind<'a> for TicketsKept<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + 2 + self.attendee.len() + KEPT_TICKET_BYTES * self.tickets.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        put_string(out, self.attendee);
        out.extend_from_slice(self.tickets.as_flattened());
        out.extend_from_slice(self.states.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, attendee) = (event_key(body)?, body.string()?);
        let count = body.rest().len() / KEPT_TICKET_BYTES;
        Ok(Self { event, attendee, tickets: body.arrays(count)?, states: body.arrays(count)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        let number = self.event.number.0;
        IdKind::Ticket.check(self.event, self.tickets, BOOKING_TICKETS_MAX as usize)?;
        check_attendee(number, self.attendee)?;
        let are_valid = self.states.iter().all(|state| TicketState::from_bytes(*state).is_some());
        if are_valid { Ok(()) } else { Err(InvalidChange::TicketState { number }) }
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.keep_tickets(self.event, self.attendee, self.tickets, self.states)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        let Self { event, attendee, tickets, states } = *self;
        Compaction::Tickets { event, attendee, tickets, states: TicketStates::Each(states) }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.internal(&|line| {
            let states = || self.states.iter().filter_map(|state| TicketState::from_bytes(*state));
            line.open("tickets_kept", origin.micros);
            line.number("event", self.event.number.0);
            line.number("count", self.tickets.len() as u64);
            line.value("statuses", &states().map(TicketState::status).collect::<Vec<_>>());
            line.value("changed_at", &states().map(|state| state.at().map(Timestamp)).collect::<Vec<_>>());
            line.secret_ids("tickets", self.tickets);
            line.secret_attendee(self.attendee);
        });
        Ok(())
    }
}
