//! A hold got another deadline, without its tickets and the counts of the event: in journals of earlier
//! versions. Today it is journaled as [`super::HoldExtended`].
//!
//! Body: tag u16, event u64, hold of 16 bytes, deadline i64 (microseconds since 1970), id of the event.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_key::{EVENT_KEY_BYTES, check_event_id, event_key, event_key_bytes};
use super::hold_fields::check_deadline;
use super::invalid::{IdKind, InvalidChange, check_id};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldExtendedUncounted<'a> {
    pub event: EventKey,
    /// The id of the event.
    pub id: &'a str,
    /// A UUID as bytes.
    pub hold: [u8; 16],
    /// In microseconds since 1970 (UTC).
    pub deadline: i64,
}

impl<'a> Kind<'a> for HoldExtendedUncounted<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + 16 + 8 + 2 + self.id.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(&self.hold);
        out.extend_from_slice(&self.deadline.to_le_bytes());
        put_string(out, self.id);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, hold, deadline) = (event_key(body)?, body.array()?, body.i64()?);
        Ok(Self { event, id: body.string()?, hold, deadline })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        check_id("id of event", self.event.number.0, self.id)?;
        IdKind::Hold.check(self.event, &[self.hold], 1)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, id, ref hold, deadline } = *self;
        check_deadline(event.number.0, origin.decided_at()?, deadline)?;
        let ((found, _), _) = target.extend_hold(event, hold, deadline)?;
        check_event_id(event, id, found)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.extend_hold(self.event.number, &self.hold, self.deadline);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.incomplete(ChangeKind::HoldExtended, &|line| {
            line.open("earlier_hold_extended", origin.micros);
            line.id("event_id", self.id);
            line.time("expires_at", self.deadline);
            line.secret_id("hold", &self.hold);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::EventNumber;

    #[test]
    fn extension_of_the_type_without_counts_is_read() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let hold = *b"\x12\x34 +14 others...";
        let bytes = [&[18, 40, 0, 0][..], &key, &hold, &[9, 0, 0, 0, 0, 0, 0, 1], &[4, 0], b"jazz"].concat();
        let event = EventKey { tag: 0x1234, number: EventNumber(7) };
        let extended = HoldExtendedUncounted { event, id: "jazz", hold, deadline: 9 + (1 << 56) }.into();
        assert_eq!(Change::split(&bytes), Ok((extended, &[][..])));
    }
}
