//! Holds of an event ended without tickets: one was released, or some have expired.
//!
//! Body: event and its counts, end u8 (2 released, 3 expired), tickets u32, holds of 16 bytes each.

use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::{EVENT_AFTER_BYTES_MAX, EventAfter};
use super::hold_fields::{check_tickets_of_holds, end_byte, end_of_byte};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::hold::{EndedHold, HoldEnd};
use crate::domain::{Contradiction, EventKey};

/// Returns the tickets of the holds to sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldsEnded<'a> {
    pub event: EventAfter<'a>,
    /// Released or expired. A confirmed hold is a [`super::HoldConfirmed`].
    pub end: HoldEnd,
    /// The tickets of the holds, which are back on sale.
    pub tickets: u32,
    /// UUIDs as bytes, 1 to [`HOLDS_ENDED_MAX`].
    pub holds: &'a [[u8; 16]],
}

/// The most holds that one commit ends, and that one change forgets. They bound the time under a lock:
/// some 500 µs.
pub const HOLDS_ENDED_MAX: usize = 1_000;

/// The largest body, without the holds.
pub(super) const BODY_BYTES_MAX_WITHOUT_HOLDS: usize = EVENT_AFTER_BYTES_MAX + 1 + 4;

/// Checks that holds end so, without tickets.
pub(super) fn check_end(event: EventKey, end: HoldEnd) -> Result<(), InvalidChange> {
    match end {
        HoldEnd::Released | HoldEnd::Expired => Ok(()),
        HoldEnd::Confirmed => Err(InvalidChange::ConfirmedWithoutTickets { number: event.number.0 }),
    }
}

/// Checks that so many holds can have had these tickets.
fn check_ended_tickets(event: EventKey, holds: usize, tickets: u32) -> Result<(), InvalidChange> {
    let tickets_max = holds * BOOKING_TICKETS_MAX as usize;
    if (holds..=tickets_max).contains(&(tickets as usize)) {
        Ok(())
    } else {
        Err(InvalidChange::TicketsOfHolds { number: event.number.0, holds, tickets })
    }
}

impl<'a> Kind<'a> for HoldsEnded<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 1 + 4 + self.holds.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.push(end_byte(self.end));
        out.extend_from_slice(&self.tickets.to_le_bytes());
        out.extend_from_slice(self.holds.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, [end]) = (EventAfter::decode(body)?, body.array()?);
        Ok(Self { event, end: end_of_byte(end)?, tickets: body.u32()?, holds: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Hold.check(self.event.key, self.holds, HOLDS_ENDED_MAX)?;
        check_end(self.event.key, self.end)?;
        check_ended_tickets(self.event.key, self.holds.len(), self.tickets)?;
        self.event.check_returned(self.tickets as usize)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, end, tickets, holds } = *self;
        let ended = EndedHold { end, at: origin.decided_at()? };
        let (after, released) = target.end_holds(event.key, holds, ended)?;
        event.fits(after)?;
        check_tickets_of_holds(event.key, tickets, released)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
        earlier.end_holds(self.event.key.number, self.holds, EndedHold { end: self.end, at });
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let kind = match self.end {
            HoldEnd::Expired => ChangeKind::HoldExpired,
            HoldEnd::Released | HoldEnd::Confirmed => ChangeKind::HoldReleased,
        };
        listener.event(self.event.id, &|line| {
            self.event.open_line(line, kind, origin.micros, self.tickets.into());
            match self.holds {
                [hold] if kind == ChangeKind::HoldReleased => line.secret_id("hold", hold),
                holds => line.secret_ids("holds", holds),
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::EventNumber;

    #[test]
    fn end_is_written_with_the_tickets_of_the_holds() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let counts = [10, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0];
        let holds = [*b"\x12\x34 +14 others..."];
        let bytes = [&[30, 49, 0, 0][..], &key, &counts, b"jazz", &[2, 5, 0, 0, 0], &holds[0]].concat();
        let key = EventKey { tag: 0x1234, number: EventNumber(7) };
        let event = EventAfter { key, id: "jazz", total: 10, issued: 3, held: 2 };
        let ended = Change::from(HoldsEnded { event, end: HoldEnd::Released, tickets: 5, holds: &holds });
        let mut written = Vec::new();
        ended.encode(&mut written);
        assert_eq!(written, bytes);
        assert_eq!(Change::split(&bytes), Ok((ended, &[][..])));
    }
}
