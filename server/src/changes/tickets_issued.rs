//! Tickets of an event were issued, without the counts after it: in snapshots, and in journals of version
//! 0.1.0. A booking is journaled as [`super::TicketsBooked`].
//!
//! Body: tag u16, event u64, ids of 16 bytes each.

use serde_json::{Value, json};
use uuid::Uuid;

use super::compaction::Compaction;
use super::invalid::{InvalidChange, check_tickets};
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::{Contradiction, EventKey, EventNumber};

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

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self { event: event_key(body)?, tickets: body.tickets()? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_tickets(self.event, self.tickets)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        target.issue_tickets(self.event, self.tickets).map(|_| ())
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Tickets { event: self.event, tickets: self.tickets }
    }

    fn json(&self) -> Value {
        json!({
            "fact": "tickets_issued", "event": self.event.number.0, "tickets": ticket_texts(self.tickets),
        })
    }
}

/// The bytes of an encoded [`EventKey`].
pub(super) const EVENT_KEY_BYTES: usize = 2 + 8;

pub(super) fn event_key_bytes(event: EventKey) -> [u8; EVENT_KEY_BYTES] {
    let mut key = [0; EVENT_KEY_BYTES];
    key[..2].copy_from_slice(&event.tag.to_le_bytes());
    key[2..].copy_from_slice(&event.number.0.to_le_bytes());
    key
}

pub(super) fn event_key(body: &mut Fields<'_>) -> Result<EventKey, DecodeError> {
    Ok(EventKey { tag: body.u16()?, number: EventNumber(body.u64()?) })
}

pub(super) fn ticket_texts(tickets: &[[u8; 16]]) -> Vec<String> {
    tickets.iter().map(|id| Uuid::from_bytes(*id).to_string()).collect()
}
