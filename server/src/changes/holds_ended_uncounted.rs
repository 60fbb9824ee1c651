//! Holds of an event ended without tickets, and the number of their tickets is missing: in journals of
//! earlier versions. Today it is journaled as [`super::HoldsEnded`].
//!
//! Body: event and its counts, end u8 (2 released, 3 expired), holds of 16 bytes each.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::hold_fields::{end_byte, end_of_byte};
use super::holds_ended::{HOLDS_ENDED_MAX, check_end};
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
pub struct HoldsEndedUncounted<'a> {
    pub event: EventAfter<'a>,
    /// Released or expired. A confirmed hold is a [`super::HoldConfirmed`].
    pub end: HoldEnd,
    /// UUIDs as bytes, 1 to [`HOLDS_ENDED_MAX`].
    pub holds: &'a [[u8; 16]],
}

impl<'a> Kind<'a> for HoldsEndedUncounted<'a> {
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
        check_end(self.event.key, self.end)?;
        // A hold has one ticket or more.
        self.event.check_returned(self.holds.len())
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, end, holds } = *self;
        let ended = EndedHold { end, at: origin.decided_at()? };
        let (after, _) = target.end_holds(event.key, holds, ended)?;
        event.fits(after)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::{EventKey, EventNumber};

    #[test]
    fn end_of_the_type_without_tickets_is_read() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let counts = [10, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0];
        let hold = *b"\x12\x34 +14 others...";
        let bytes = [&[19, 45, 0, 0][..], &key, &counts, b"jazz", &[3], &hold].concat();
        let key = EventKey { tag: 0x1234, number: EventNumber(7) };
        let event = EventAfter { key, id: "jazz", total: 10, issued: 3, held: 2 };
        let ended = HoldsEndedUncounted { event, end: HoldEnd::Expired, holds: &[hold] };
        assert_eq!(Change::split(&bytes), Ok((ended.into(), &[][..])));
    }
}
