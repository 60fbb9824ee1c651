//! The event of a change, and its counts after it.
//!
//! Encoded: tag u16, event u64, total u32, issued u32, held u32, id.

use bookline_protocol::limits::{EVENT_TICKETS_MAX, ID_BYTES_MAX};
use bookline_protocol::reply::ChangeKind;

use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::invalid::{InvalidChange, check_id};
use super::line::Line;
use super::record::Record;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::sale::Sale;
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventAfter<'a> {
    pub key: EventKey,
    pub id: &'a str,
    /// All tickets of the event.
    pub total: u32,
    /// Tickets of the event that are issued and valid.
    pub issued: u32,
    /// Tickets of the event that holds put aside.
    pub held: u32,
}

/// The bytes before the id.
pub(super) const EVENT_AFTER_FIXED_BYTES: usize = EVENT_KEY_BYTES + 4 + 4 + 4 + 2;

pub(super) const EVENT_AFTER_BYTES_MAX: usize = EVENT_AFTER_FIXED_BYTES + ID_BYTES_MAX;

impl<'a> EventAfter<'a> {
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        EVENT_AFTER_FIXED_BYTES + self.id.len()
    }

    /// The bytes before the id.
    #[inline]
    pub(super) fn fixed_bytes(&self) -> [u8; EVENT_AFTER_FIXED_BYTES] {
        let id_bytes = u16::try_from(self.id.len()).expect("an id is bounded by the protocol's limits");
        let mut fixed = [0; EVENT_AFTER_FIXED_BYTES];
        fixed[..EVENT_KEY_BYTES].copy_from_slice(&event_key_bytes(self.key));
        fixed[EVENT_KEY_BYTES..][..4].copy_from_slice(&self.total.to_le_bytes());
        fixed[EVENT_KEY_BYTES + 4..][..4].copy_from_slice(&self.issued.to_le_bytes());
        fixed[EVENT_KEY_BYTES + 8..][..4].copy_from_slice(&self.held.to_le_bytes());
        fixed[EVENT_KEY_BYTES + 12..].copy_from_slice(&id_bytes.to_le_bytes());
        fixed
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fixed_bytes());
        out.extend_from_slice(self.id.as_bytes());
    }

    pub(super) fn decode(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        let (key, total, issued, held) = (event_key(body)?, body.u32()?, body.u32()?, body.u32()?);
        Ok(Self { key, id: body.string()?, total, issued, held })
    }

    /// Decodes the event of a change from before there were holds: it lacks their field.
    pub(super) fn decode_without_held(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        let (key, total, issued) = (event_key(body)?, body.u32()?, body.u32()?);
        Ok(Self { key, id: body.string()?, total, issued, held: 0 })
    }

    pub(super) fn record(&self) -> Record {
        Record::Event { tag: self.key.tag }
    }

    /// Checks that the counts are possible after a change that issued or held so many tickets.
    pub(super) fn check(&self, issued_min: usize, held_min: u32) -> Result<(), InvalidChange> {
        let Self { key, id, total, issued, held } = *self;
        let number = key.number.0;
        check_id("id of event", number, id)?;
        check_counts(number, total, issued, held)?;
        if (issued as usize) < issued_min || held < held_min {
            return Err(InvalidChange::Tickets { number, total, issued, held });
        }
        Ok(())
    }

    /// Checks that the counts are possible after a change that returned so many tickets to sale.
    pub(super) fn check_returned(&self, returned: usize) -> Result<(), InvalidChange> {
        let Self { key, total, issued, held, .. } = *self;
        self.check(0, 0)?;
        if (available(total, issued, held) as usize) < returned {
            return Err(InvalidChange::Tickets { number: key.number.0, total, issued, held });
        }
        Ok(())
    }

    /// Checks that `after`, the id and the sale of the event after the change, are these.
    #[inline]
    pub(super) fn fits(&self, after: (&str, Sale)) -> Result<(), Contradiction> {
        let (id, Sale { total, issued, held, .. }) = after;
        if (id, total, issued, held) == (self.id, self.total, self.issued, self.held) {
            return Ok(());
        }
        Err(Contradiction(format!(
            "after a change, event {} with {} of {} tickets issued and {} held is {id} with {issued} of \
             {total} and {held} held",
            self.id, self.issued, self.total, self.held
        )))
    }

    /// Begins the line of a change of so many tickets.
    pub(super) fn open_line(&self, line: &mut Line, kind: ChangeKind, micros: Option<i64>, tickets: u64) {
        line.open(kind.as_str(), micros);
        line.id("event_id", self.id);
        line.number("count", tickets);
        self.put_counts(line);
    }

    /// The counts, as replies show them.
    pub(super) fn put_counts(&self, line: &mut Line) {
        let Self { total, issued, held, .. } = *self;
        line.number("available_tickets", available(total, issued, held).into());
        line.number("held_tickets", held.into());
    }
}

/// Checks that an event can have these counts.
pub(super) fn check_counts(number: u64, total: u32, issued: u32, held: u32) -> Result<(), InvalidChange> {
    let taken = u64::from(issued) + u64::from(held);
    if (1..=EVENT_TICKETS_MAX).contains(&total) && taken <= total.into() {
        Ok(())
    } else {
        Err(InvalidChange::Tickets { number, total, issued, held })
    }
}

/// The tickets that are left, none for counts that are impossible.
pub(super) fn available(total: u32, issued: u32, held: u32) -> u32 {
    total.saturating_sub(issued).saturating_sub(held)
}
