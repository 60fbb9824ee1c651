//! A ticket was checked in, or that was undone, without the counts of the event: in journals of earlier
//! versions. Today it is journaled as [`super::TicketCheckedIn`].
//!
//! Body: tag u16, event u64, ticket of 16 bytes, undone u8 (0 or 1), time i64 (microseconds since 1970, 0 if
//! it is that of the commit), id of the event. The earlier type 14 had no time.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_key::{EVENT_KEY_BYTES, check_event_id, event_key, event_key_bytes};
use super::invalid::{IdKind, InvalidChange, check_id};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use super::ticket_checked_in::{state_after, undone};
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketCheckedInUncounted<'a> {
    pub event: EventKey,
    /// The id of the event.
    pub id: &'a str,
    /// A UUID as bytes.
    pub ticket: [u8; 16],
    /// Whether a mistaken check-in was undone.
    pub undone: bool,
    /// The time of the decision, in microseconds since 1970 (UTC), which the reply shows; without one, that
    /// of the commit. A reply that the same commit stores is encoded before the log has given the commit its
    /// time.
    pub at: Option<i64>,
}

const TYPE_WITHOUT_TIME: u8 = 14;

/// In place of a time that is that of the commit.
const AS_COMMITTED: i64 = 0;

impl<'a> Kind<'a> for TicketCheckedInUncounted<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + 16 + 1 + 8 + 2 + self.id.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(&self.ticket);
        out.push(self.undone.into());
        out.extend_from_slice(&self.at.unwrap_or(AS_COMMITTED).to_le_bytes());
        put_string(out, self.id);
    }

    fn decode_body(body: &mut Fields<'a>, type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, ticket) = (event_key(body)?, body.array()?);
        let undone = undone(body)?;
        let at = if type_on_disk == TYPE_WITHOUT_TIME { AS_COMMITTED } else { body.i64()? };
        let at = (at != AS_COMMITTED).then_some(at);
        Ok(Self { event, id: body.string()?, ticket, undone, at })
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
        let Self { event, id, ref ticket, undone, at } = *self;
        let at = at.map_or_else(|| origin.decided_at(), Ok)?;
        let (found, _) = target.check_in_ticket(event, ticket, undone, at)?;
        check_event_id(event, id, found)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, committed: i64, earlier: &mut impl Earlier) {
        let state = state_after(self.undone, self.at.unwrap_or(committed));
        earlier.set_tickets(self.event.number, &[self.ticket], state);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.incomplete(ChangeKind::TicketCheckedIn, &|line| {
            line.open("earlier_ticket_checked_in", origin.micros);
            line.id("event_id", self.id);
            line.flag("undo", self.undone);
            line.secret_id("ticket", &self.ticket);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::EventNumber;

    const TICKET: [u8; 16] = *b"\x12\x34 +14 others...";

    #[test]
    fn check_in_of_the_type_without_time_is_read_and_written_with_the_type_with_time() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let earlier = [&[14, 33, 0, 0][..], &key, &TICKET, &[1, 4, 0], b"jazz"].concat();
        let event = EventKey { tag: 0x1234, number: EventNumber(7) };
        let undone = TicketCheckedInUncounted { event, id: "jazz", ticket: TICKET, undone: true, at: None };
        assert_eq!(Change::split(&earlier), Ok((undone.into(), &[][..])));

        for (at, time) in [(None, [0; 8]), (Some(-2), [254, 255, 255, 255, 255, 255, 255, 255])] {
            let with_time = [&[25, 41, 0, 0][..], &key, &TICKET, &[1], &time, &[4, 0], b"jazz"].concat();
            let undone = Change::from(TicketCheckedInUncounted { at, ..undone });
            let mut written = Vec::new();
            undone.encode(&mut written);
            assert_eq!(written, with_time);
            assert_eq!(Change::split(&with_time), Ok((undone, &[][..])));
        }
    }
}
