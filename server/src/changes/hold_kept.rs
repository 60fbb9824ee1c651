//! A hold in its state: in snapshots only.
//!
//! Body: tag u16, event u64, hold of 16 bytes, tickets u32, created i64, deadline i64, state u8 (0 active,
//! 1 confirmed, 2 released, 3 expired), its end i64 unless it is active, attendee. Times are in microseconds
//! since 1970 (UTC).

use super::attendee::check_attendee;
use super::compaction::Compaction;
use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::hold_fields::{ACTIVE, check_deadline, check_hold_tickets, end_byte, end_of_byte};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::hold::{EndedHold, Hold, HoldState};
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldKept<'a> {
    pub event: EventKey,
    /// A UUID as bytes.
    pub id: [u8; 16],
    pub hold: Hold,
    /// Empty if there is none, and for an ended hold.
    pub attendee: &'a str,
}

impl<'a> Kind<'a> for HoldKept<'a> {
    fn body_bytes(&self) -> usize {
        let end_bytes = match self.hold.state {
            HoldState::Active => 0,
            HoldState::Ended(_) => 8,
        };
        EVENT_KEY_BYTES + 16 + 4 + 8 + 8 + 1 + end_bytes + 2 + self.attendee.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        let Hold { tickets, created, deadline, state } = self.hold;
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&tickets.to_le_bytes());
        out.extend_from_slice(&created.to_le_bytes());
        out.extend_from_slice(&deadline.to_le_bytes());
        match state {
            HoldState::Active => out.push(ACTIVE),
            HoldState::Ended(EndedHold { end, at }) => {
                out.push(end_byte(end));
                out.extend_from_slice(&at.to_le_bytes());
            }
        }
        put_string(out, self.attendee);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, id) = (event_key(body)?, body.array()?);
        let (tickets, created, deadline) = (body.u32()?, body.i64()?, body.i64()?);
        let state = match body.array()? {
            [ACTIVE] => HoldState::Active,
            [end] => HoldState::Ended(EndedHold { end: end_of_byte(end)?, at: body.i64()? }),
        };
        let hold = Hold { tickets, created, deadline, state };
        Ok(Self { event, id, hold, attendee: body.string()? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        let number = self.event.number.0;
        IdKind::Hold.check(self.event, &[self.id], 1)?;
        check_hold_tickets(number, self.hold.tickets)?;
        check_deadline(number, self.hold.created, self.hold.deadline)?;
        match self.hold.state {
            HoldState::Active => check_attendee(number, self.attendee),
            HoldState::Ended(_) if self.attendee.is_empty() => Ok(()),
            HoldState::Ended(_) => Err(InvalidChange::EndedHoldWithAttendee { number }),
        }
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.create_hold(self.event, &self.id, self.hold, self.attendee).map(|_| ())
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        let Self { event, id, hold, attendee } = *self;
        Compaction::Hold { event, id, hold, attendee }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let Self { event, ref id, hold: Hold { tickets, created, deadline, state }, attendee } = *self;
        listener.internal(&|line| {
            line.open("hold_kept", origin.micros);
            line.number("event", event.number.0);
            line.number("count", tickets.into());
            line.time("created_at", created);
            line.time("expires_at", deadline);
            if let HoldState::Ended(EndedHold { end, at }) = state {
                line.value("status", &end.status());
                line.time("ended_at", at);
            }
            line.secret_id("hold", id);
            line.secret_attendee(attendee);
        });
        Ok(())
    }
}
