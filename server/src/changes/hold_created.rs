//! Tickets of an event were put aside until a deadline.
//!
//! Body: event and its counts, hold of 16 bytes, tickets u32, deadline i64 (microseconds since 1970),
//! attendee. The hold is created at the time of the commit.

use bookline_protocol::reply::ChangeKind;

use super::attendee::check_attendee;
use super::compaction::Compaction;
use super::event_after::EventAfter;
use super::hold_fields::{check_deadline, check_hold_tickets};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::Contradiction;
use crate::domain::hold::{Hold, HoldState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldCreated<'a> {
    pub event: EventAfter<'a>,
    /// A UUID as bytes.
    pub hold: [u8; 16],
    /// The tickets that it puts aside.
    pub tickets: u32,
    /// In microseconds since 1970 (UTC).
    pub deadline: i64,
    /// Empty if there is none.
    pub attendee: &'a str,
}

impl HoldCreated<'_> {
    /// The hold, created at this time.
    fn hold_at(&self, created: i64) -> Hold {
        Hold { tickets: self.tickets, created, deadline: self.deadline, state: HoldState::Active }
    }
}

impl<'a> Kind<'a> for HoldCreated<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 16 + 4 + 8 + 2 + self.attendee.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.extend_from_slice(&self.hold);
        out.extend_from_slice(&self.tickets.to_le_bytes());
        out.extend_from_slice(&self.deadline.to_le_bytes());
        put_string(out, self.attendee);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            event: EventAfter::decode(body)?,
            hold: body.array()?,
            tickets: body.u32()?,
            deadline: body.i64()?,
            attendee: body.string()?,
        })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        let number = self.event.key.number.0;
        IdKind::Hold.check(self.event.key, &[self.hold], 1)?;
        check_hold_tickets(number, self.tickets)?;
        check_attendee(number, self.attendee)?;
        self.event.check(0, self.tickets)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, hold: ref id, deadline, attendee, .. } = *self;
        let created = origin.decided_at()?;
        check_deadline(event.key.number.0, created, deadline)?;
        event.fits(target.create_hold(event.key, id, self.hold_at(created), attendee)?)
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        let Self { event, hold: id, attendee, .. } = *self;
        // A snapshot holds no change that depends on its time.
        origin.micros.map_or(Compaction::Omitted, |at| Compaction::Hold {
            event: event.key,
            id,
            hold: self.hold_at(at),
            attendee,
        })
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            self.event.open_line(line, ChangeKind::HoldMade, origin.micros, self.tickets.into());
            line.time("expires_at", self.deadline);
            line.secret_id("hold", &self.hold);
            line.secret_attendee(self.attendee);
        });
        Ok(())
    }
}
