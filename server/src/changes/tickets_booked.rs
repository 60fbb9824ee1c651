//! A booking: tickets of an event were issued.
//!
//! Body: tag u16, event u64, total u32, issued u32, id, ids of tickets of 16 bytes each.

use bookline_protocol::limits::{BOOKING_TICKETS_MAX, EVENT_TICKETS_MAX, ID_BYTES_MAX};
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::invalid::{InvalidChange, check_id, check_tickets};
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use super::tickets_issued::{EVENT_KEY_BYTES, event_key, event_key_bytes, ticket_texts};
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketsBooked<'a> {
    pub event: EventKey,
    /// The id of the event.
    pub id: &'a str,
    /// All tickets of the event.
    pub total: u32,
    /// Tickets of the event that are issued after this booking.
    pub issued: u32,
    /// UUIDs as bytes.
    pub tickets: &'a [[u8; 16]],
}

/// The bytes of the body before the ids of tickets, without the id of the event.
const FIXED_BYTES: usize = EVENT_KEY_BYTES + 4 + 4 + 2;

/// The largest body, without the ids of tickets.
pub(super) const BODY_BYTES_MAX_WITHOUT_TICKETS: usize = FIXED_BYTES + ID_BYTES_MAX;

/// The ids of tickets of the largest commit.
pub(super) const TICKETS_BYTES_MAX: usize = 16 * BOOKING_TICKETS_MAX as usize;

impl<'a> Kind<'a> for TicketsBooked<'a> {
    #[inline]
    fn body_bytes(&self) -> usize {
        FIXED_BYTES + self.id.len() + self.tickets.as_flattened().len()
    }

    #[inline]
    fn encode_body(&self, out: &mut Vec<u8>) {
        // One array: this is the most frequent change.
        let id_bytes = u16::try_from(self.id.len()).expect("an id is bounded by the protocol's limits");
        let mut fixed = [0; FIXED_BYTES];
        fixed[..EVENT_KEY_BYTES].copy_from_slice(&event_key_bytes(self.event));
        fixed[EVENT_KEY_BYTES..][..4].copy_from_slice(&self.total.to_le_bytes());
        fixed[EVENT_KEY_BYTES + 4..][..4].copy_from_slice(&self.issued.to_le_bytes());
        fixed[EVENT_KEY_BYTES + 8..].copy_from_slice(&id_bytes.to_le_bytes());
        out.extend_from_slice(&fixed);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(self.tickets.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            event: event_key(body)?,
            total: body.u32()?,
            issued: body.u32()?,
            id: body.string()?,
            tickets: body.tickets()?,
        })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        let Self { event, id, total, issued, tickets } = *self;
        let number = event.number.0;
        check_id("id of event", number, id)?;
        check_tickets(event, tickets)?;
        if !(1..=EVENT_TICKETS_MAX).contains(&total) || issued > total || tickets.len() as u64 > issued.into()
        {
            return Err(InvalidChange::Tickets { number, total, issued });
        }
        Ok(())
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        let (id, Sale { total, issued, .. }) = target.issue_tickets(self.event, self.tickets)?;
        if (id, total, issued) == (self.id, self.total, self.issued) {
            return Ok(());
        }
        Err(Contradiction(format!(
            "after a booking, event {} with {} of {} tickets issued is {id} with {issued} of {total}",
            self.id, self.issued, self.total
        )))
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Tickets { event: self.event, tickets: self.tickets }
    }

    fn json(&self) -> Value {
        json!({
            "fact": "tickets_issued", "event": self.event.number.0, "event_id": self.id,
            "total_tickets": self.total, "available_tickets": self.total - self.issued.min(self.total),
            "tickets": ticket_texts(self.tickets),
        })
    }
}
