//! A ticket was checked in, or that was undone.
//!
//! Body: tag u16, event u64, ticket of 16 bytes, undone u8 (0 or 1), id of the event.

use bookline_protocol::TicketStatus;
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_key::{EVENT_KEY_BYTES, check_event_id, event_key, event_key_bytes};
use super::ids::id_text;
use super::invalid::{IdKind, InvalidChange, check_id};
use super::kind::Kind;
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::{Contradiction, EventKey, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketCheckedIn<'a> {
    pub event: EventKey,
    /// The id of the event.
    pub id: &'a str,
    /// A UUID as bytes.
    pub ticket: [u8; 16],
    /// Whether a mistaken check-in was undone.
    pub undone: bool,
}

impl<'a> Kind<'a> for TicketCheckedIn<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + 16 + 1 + 2 + self.id.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(&self.ticket);
        out.push(self.undone.into());
        put_string(out, self.id);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, ticket) = (event_key(body)?, body.array()?);
        let undone = match body.array()? {
            [0] => false,
            [1] => true,
            [_] => return Err(DecodeError::Malformed),
        };
        Ok(Self { event, id: body.string()?, ticket, undone })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_id("id of event", self.event.number.0, self.id)?;
        IdKind::Ticket.check(self.event, &[self.ticket], 1)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, id, ref ticket, undone } = *self;
        let (found, _) = target.check_in_ticket(event, ticket, undone, origin.decided_at()?)?;
        check_event_id(event, id, found)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
        let status = if self.undone { TicketStatus::Booked } else { TicketStatus::CheckedIn };
        earlier.set_tickets(self.event.number, &[self.ticket], TicketState::new(status, Some(at)));
    }

    fn json(&self) -> Value {
        json!({
            "fact": if self.undone { "ticket_check_in_undone" } else { "ticket_checked_in" },
            "event": self.event.number.0, "event_id": self.id, "ticket": id_text(&self.ticket),
        })
    }
}
