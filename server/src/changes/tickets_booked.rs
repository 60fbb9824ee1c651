//! A booking: tickets of an event were issued.
//!
//! Body: length of the attendee u16, event and its counts, attendee, ids of tickets of 16 bytes each. The
//! earlier type 6 had neither an attendee nor held tickets.

use bookline_protocol::TicketStatus;
use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::reply::ChangeKind;

use super::attendee::{ATTENDEE_BYTES_MAX, check_attendee};
use super::compaction::{Compaction, TicketStates};
use super::event_after::{EVENT_AFTER_BYTES_MAX, EVENT_AFTER_FIXED_BYTES, EventAfter};
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
pub struct TicketsBooked<'a> {
    pub event: EventAfter<'a>,
    /// Empty if there is none.
    pub attendee: &'a str,
    /// UUIDs as bytes.
    pub tickets: &'a [[u8; 16]],
}

const TYPE_WITHOUT_ATTENDEE: u8 = 6;

/// The largest body, without the ids of tickets.
pub(super) const BODY_BYTES_MAX_WITHOUT_TICKETS: usize = 2 + EVENT_AFTER_BYTES_MAX + ATTENDEE_BYTES_MAX;

impl<'a> Kind<'a> for TicketsBooked<'a> {
    #[inline]
    fn body_bytes(&self) -> usize {
        2 + self.event.bytes() + self.attendee.len() + self.tickets.as_flattened().len()
    }

    #[inline]
    fn encode_body(&self, out: &mut Vec<u8>) {
        // One array: this is the most frequent change.
        let attendee_bytes =
            u16::try_from(self.attendee.len()).expect("a name is bounded by the protocol's limits");
        let mut fixed = [0; 2 + EVENT_AFTER_FIXED_BYTES];
        fixed[..2].copy_from_slice(&attendee_bytes.to_le_bytes());
        fixed[2..].copy_from_slice(&self.event.fixed_bytes());
        out.extend_from_slice(&fixed);
        out.extend_from_slice(self.event.id.as_bytes());
        if !self.attendee.is_empty() {
            out.extend_from_slice(self.attendee.as_bytes());
        }
        out.extend_from_slice(self.tickets.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, type_on_disk: u8) -> Result<Self, DecodeError> {
        if type_on_disk == TYPE_WITHOUT_ATTENDEE {
            let event = EventAfter::decode_without_held(body)?;
            return Ok(Self { event, attendee: "", tickets: body.ids()? });
        }
        let attendee_bytes = body.u16()?.into();
        let event = EventAfter::decode(body)?;
        Ok(Self { event, attendee: body.text(attendee_bytes)?, tickets: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Ticket.check(self.event.key, self.tickets, BOOKING_TICKETS_MAX as usize)?;
        check_attendee(self.event.key.number.0, self.attendee)?;
        self.event.check(self.tickets.len(), 0)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, attendee, tickets } = *self;
        event.fits(target.issue_tickets(event.key, attendee, tickets, origin.micros)?)
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        let Self { event, attendee, tickets } = *self;
        let states = TicketStates::Same(TicketState::new(TicketStatus::Booked, origin.micros));
        Compaction::Tickets { event: event.key, attendee, tickets, states }
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            let count = self.tickets.len() as u64;
            self.event.open_line(line, ChangeKind::TicketsBooked, origin.micros, count);
            line.secret_ids("tickets", self.tickets);
            line.secret_attendee(self.attendee);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Change;
    use crate::domain::{EventKey, EventNumber};

    const TICKET: [u8; 16] = *b"\x12\x34 +14 others...";

    #[test]
    fn booking_of_the_type_without_attendee_is_read_and_written_with_the_type_of_today() {
        let earlier = [
            &[6, 40, 0, 0, 0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 3, 0, 0, 0, 4, 0][..],
            b"jazz",
            &TICKET,
        ]
        .concat();
        let key = EventKey { tag: 0x1234, number: EventNumber(7) };
        let event = EventAfter { key, id: "jazz", total: 10, issued: 3, held: 0 };
        let booked = Change::from(TicketsBooked { event, attendee: "", tickets: &[TICKET] });
        assert_eq!(Change::split(&earlier), Ok((booked, &[][..])));

        let today = [
            &[10, 46, 0, 0, 0, 0, 0x34, 0x12, 7, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 3, 0, 0, 0][..],
            &[0, 0, 0, 0, 4, 0],
            b"jazz",
            &TICKET,
        ]
        .concat();
        let mut written = Vec::new();
        booked.encode(&mut written);
        assert_eq!(written, today);
        assert_eq!(Change::split(&today), Ok((booked, &[][..])));
    }
}
