//! Holds of an event ended without tickets: one was released, or some have expired.
//!
//! Body: event and its counts, end u8 (2 released, 3 expired), holds of 16 bytes each.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::{EVENT_AFTER_BYTES_MAX, EventAfter};
use super::hold_fields::{end_byte, end_of_byte};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;
use crate::domain::hold::{EndedHold, HoldEnd};

/// Returns the tickets of the holds to sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldsEnded<'a> {
    pub event: EventAfter<'a>,
    /// Released or expired. A confirmed hold is a [`super::HoldConfirmed`].
    pub end: HoldEnd,
    /// UUIDs as bytes, 1 to [`HOLDS_ENDED_MAX`].
    pub holds: &'a [[u8; 16]],
}

/// The most holds that one commit ends, and that one change forgets. They bound the time under a lock:
/// some 500 µs.
pub const HOLDS_ENDED_MAX: usize = 1_000;

/// The largest body, without the holds.
pub(super) const BODY_BYTES_MAX_WITHOUT_HOLDS: usize = EVENT_AFTER_BYTES_MAX + 1;

impl<'a> Kind<'a> for HoldsEnded<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 1 + self.holds.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.push(end_byte(self.end));
        out.extend_from_slice(self.holds.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, [end]) = (EventAfter::decode(body)?, body.array()?);
        Ok(Self { event, end: end_of_byte(end)?, holds: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Hold.check(self.event.key, self.holds, HOLDS_ENDED_MAX)?;
        if self.end == HoldEnd::Confirmed {
            return Err(InvalidChange::ConfirmedWithoutTickets { number: self.event.key.number.0 });
        }
        // A hold has one ticket or more.
        self.event.check_returned(self.holds.len())
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, end, holds } = *self;
        let ended = EndedHold { end, at: origin.decided_at()? };
        event.fits(target.end_holds(event.key, holds, ended)?)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
        earlier.end_holds(self.event.key.number, self.holds, EndedHold { end: self.end, at });
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let (kind, name) = match self.end {
            HoldEnd::Expired => (ChangeKind::HoldExpired, "earlier_hold_expired"),
            HoldEnd::Released | HoldEnd::Confirmed => (ChangeKind::HoldReleased, "earlier_hold_released"),
        };
        listener.incomplete(kind, &|line| {
            line.open(name, origin.micros);
            line.id("event_id", self.event.id);
            self.event.put_counts(line);
            line.secret_ids("holds", self.holds);
        })
    }
}
