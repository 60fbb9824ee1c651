//! A ticket was checked in, or that was undone.
//!
//! Body: event and its counts, ticket of 16 bytes, undone u8 (0 or 1), time i64 (microseconds since 1970).

use bookline_protocol::TicketStatus;
use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketCheckedIn<'a> {
    pub event: EventAfter<'a>,
    /// A UUID as bytes.
    pub ticket: [u8; 16],
    /// Whether a mistaken check-in was undone.
    pub undone: bool,
    /// The time of the decision, in microseconds since 1970 (UTC), which the reply shows. A reply that the
    /// same commit stores is encoded before the log has given the commit its time.
    pub at: i64,
}

/// Decodes whether a check-in was undone.
pub(super) fn undone(body: &mut Fields<'_>) -> Result<bool, DecodeError> {
    match body.array()? {
        [0] => Ok(false),
        [1] => Ok(true),
        [_] => Err(DecodeError::Malformed),
    }
}

/// The state of a ticket that was checked in at this time, or whose check-in was undone then.
pub(super) fn state_after(undone: bool, at: i64) -> TicketState {
    let status = if undone { TicketStatus::Booked } else { TicketStatus::CheckedIn };
    TicketState::new(status, Some(at))
}

impl<'a> Kind<'a> for TicketCheckedIn<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 16 + 1 + 8
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.extend_from_slice(&self.ticket);
        out.push(self.undone.into());
        out.extend_from_slice(&self.at.to_le_bytes());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, ticket) = (EventAfter::decode(body)?, body.array()?);
        Ok(Self { event, ticket, undone: undone(body)?, at: body.i64()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Ticket.check(self.event.key, &[self.ticket], 1)?;
        self.event.check(1, 0)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, ref ticket, undone, at } = *self;
        event.fits(target.check_in_ticket(event.key, ticket, undone, at)?)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _committed: i64, earlier: &mut impl Earlier) {
        let state = state_after(self.undone, self.at);
        earlier.set_tickets(self.event.key.number, &[self.ticket], state);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            self.event.open_line(line, ChangeKind::TicketCheckedIn, origin.micros, 1);
            line.flag("undo", self.undone);
            line.secret_id("ticket", &self.ticket);
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
    fn check_in_is_written_with_the_counts() {
        let key = [0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0];
        let counts = [10, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0];
        let ticket = *b"\x12\x34 +14 others...";
        let key_of_event = EventKey { tag: 0x1234, number: EventNumber(7) };
        let event = EventAfter { key: key_of_event, id: "jazz", total: 10, issued: 3, held: 2 };
        for (undone, at, time) in [(true, 0, [0; 8]), (false, -2, [254, 255, 255, 255, 255, 255, 255, 255])] {
            let bytes =
                [&[28, 53, 0, 0][..], &key, &counts, b"jazz", &ticket, &[undone.into()], &time].concat();
            let changed = Change::from(TicketCheckedIn { event, ticket, undone, at });
            let mut written = Vec::new();
            changed.encode(&mut written);
            assert_eq!(written, bytes);
            assert_eq!(Change::split(&bytes), Ok((changed, &[][..])));
        }
    }
}
