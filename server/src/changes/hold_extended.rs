//! A hold got another deadline, later or earlier.
//!
//! Body: event and its counts, hold of 16 bytes, tickets u32, deadline i64 (microseconds since 1970).

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::hold_fields::{check_deadline, check_hold_tickets, check_tickets_of_holds};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldExtended<'a> {
    pub event: EventAfter<'a>,
    /// A UUID as bytes.
    pub hold: [u8; 16],
    /// The tickets that it puts aside.
    pub tickets: u32,
    /// In microseconds since 1970 (UTC).
    pub deadline: i64,
}

impl<'a> Kind<'a> for HoldExtended<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 16 + 4 + 8
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.extend_from_slice(&self.hold);
        out.extend_from_slice(&self.tickets.to_le_bytes());
        out.extend_from_slice(&self.deadline.to_le_bytes());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            event: EventAfter::decode(body)?,
            hold: body.array()?,
            tickets: body.u32()?,
            deadline: body.i64()?,
        })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Hold.check(self.event.key, &[self.hold], 1)?;
        check_hold_tickets(self.event.key.number.0, self.tickets)?;
        self.event.check(0, self.tickets)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, ref hold, tickets, deadline } = *self;
        check_deadline(event.key.number.0, origin.decided_at()?, deadline)?;
        let (after, held) = target.extend_hold(event.key, hold, deadline)?;
        event.fits(after)?;
        check_tickets_of_holds(event.key, tickets, held)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.extend_hold(self.event.key.number, &self.hold, self.deadline);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            self.event.open_line(line, ChangeKind::HoldExtended, origin.micros, self.tickets.into());
            line.time("expires_at", self.deadline);
            line.secret_id("hold", &self.hold);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::{EventKey, EventNumber};

    #[test]
    fn extension_is_written_with_the_counts_and_its_tickets() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let counts = [10, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0];
        let hold = *b"\x12\x34 +14 others...";
        let rest = [2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1];
        let bytes = [&[29, 56, 0, 0][..], &key, &counts, b"jazz", &hold, &rest].concat();
        let key = EventKey { tag: 0x1234, number: EventNumber(7) };
        let event = EventAfter { key, id: "jazz", total: 10, issued: 3, held: 2 };
        let extended = Change::from(HoldExtended { event, hold, tickets: 2, deadline: 9 + (1 << 56) });
        let mut written = Vec::new();
        extended.encode(&mut written);
        assert_eq!(written, bytes);
        assert_eq!(Change::split(&bytes), Ok((extended, &[][..])));
    }
}
