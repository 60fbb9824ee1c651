//! Ended holds of an event were forgotten: their ids are not known any more.
//!
//! Body: tag u16, event u64, holds of 16 bytes each.

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_key::{EVENT_KEY_BYTES, event_key, event_key_bytes};
use super::holds_ended::HOLDS_ENDED_MAX;
use super::invalid::{IdKind, InvalidChange};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, EventKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldsForgotten<'a> {
    pub event: EventKey,
    /// UUIDs as bytes, 1 to [`HOLDS_ENDED_MAX`].
    pub holds: &'a [[u8; 16]],
}

/// The largest body, without the holds.
pub(super) const BODY_BYTES_MAX_WITHOUT_HOLDS: usize = EVENT_KEY_BYTES;

impl<'a> Kind<'a> for HoldsForgotten<'a> {
    fn body_bytes(&self) -> usize {
        EVENT_KEY_BYTES + self.holds.as_flattened().len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&event_key_bytes(self.event));
        out.extend_from_slice(self.holds.as_flattened());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { event: event_key(body)?, holds: body.ids()? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Event { tag: self.event.tag })
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        IdKind::Hold.check(self.event, self.holds, HOLDS_ENDED_MAX)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.forget_holds(self.event, self.holds)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.forget_holds(self.event.number, self.holds);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.internal(&|line| {
            line.open("holds_forgotten", origin.micros);
            line.number("event", self.event.number.0);
            line.secret_ids("holds", self.holds);
        });
        Ok(())
    }
}
