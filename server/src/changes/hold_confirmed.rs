//! A hold was confirmed: it ended, some of its tickets were issued, and the others returned to sale.
//!
//! Body: event and its counts, hold of 16 bytes, attendee, ids of tickets of 16 bytes each.

use bookline_protocol::TicketStatus;
use bookline_protocol::limits::BOOKING_TICKETS_MAX;
use bookline_protocol::reply::ChangeKind;

use super::attendee::{ATTENDEE_BYTES_MAX, check_attendee};
use super::compaction::{Compaction, TicketStates};
use super::earlier::Earlier;
use super::event_after::{EVENT_AFTER_BYTES_MAX, EventAfter};
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::hold::{EndedHold, HoldEnd};
use crate::domain::{Contradiction, TicketState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldConfirmed<'a> {
    pub event: EventAfter<'a>,
    /// A UUID as bytes.
    pub hold: [u8; 16],
    /// The attendee of the tickets. Empty if there is none.
    pub attendee: &'a str,
    /// UUIDs as bytes.
    pub tickets: &'a [[u8; 16]],
}

/// The largest body, without the ids of tickets.
pub(super) const BODY_BYTES_MAX_WITHOUT_TICKETS: usize =
    EVENT_AFTER_BYTES_MAX + 16 + (2 + ATTENDEE_BYTES_MAX);

impl<'a> Kind<'a> for HoldConfirmed<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes() + 16 + 2 + self.attendee.len() + self.tickets.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
        out.extend_from_slice(&self.hold);
        put_string(out, self.attendee);
        out.extend_from_slice(self.tickets.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (event, hold) = (EventAfter::decode(body)?, body.array()?);
        Ok(Self { event, hold, attendee: body.string()?, tickets: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Hold.check(self.event.key, &[self.hold], 1)?;
        IdKind::Ticket.check(self.event.key, self.tickets, BOOKING_TICKETS_MAX as usize)?;
        check_attendee(self.event.key.number.0, self.attendee)?;
        self.event.check(self.tickets.len(), 0)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { event, ref hold, attendee, tickets } = *self;
        event.fits(target.confirm_hold(event.key, hold, attendee, tickets, origin.decided_at()?)?)
    }

    fn compaction(&self, origin: Origin) -> Compaction<'a> {
        let Self { event, attendee, tickets, .. } = *self;
        // A snapshot holds no change that depends on its time.
        origin.micros.map_or(Compaction::Omitted, |at| {
            let states = TicketStates::Same(TicketState::new(TicketStatus::Booked, Some(at)));
            Compaction::Tickets { event: event.key, attendee, tickets, states }
        })
    }

    fn supersede(&self, at: i64, earlier: &mut impl Earlier) {
        let ended = EndedHold { end: HoldEnd::Confirmed, at };
        earlier.end_holds(self.event.key.number, &[self.hold], ended);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            let count = self.tickets.len() as u64;
            self.event.open_line(line, ChangeKind::HoldConfirmed, origin.micros, count);
            line.secret_id("hold", &self.hold);
            line.secret_ids("tickets", self.tickets);
            line.secret_attendee(self.attendee);
        });
        Ok(())
    }
}
