//! An event was deleted with its tickets and holds.
//!
//! Body: event and its counts before that.

use bookline_protocol::reply::ChangeKind;

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::event_after::EventAfter;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::Contradiction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventDeleted<'a> {
    /// Its counts are those at its end.
    pub event: EventAfter<'a>,
}

impl<'a> Kind<'a> for EventDeleted<'a> {
    fn body_bytes(&self) -> usize {
        self.event.bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        self.event.encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { event: EventAfter::decode(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(self.event.record())
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        self.event.check(0, 0)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.event.key.number.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let (id, sale) = target.delete_event(self.event.key)?;
        self.event.fits((&id, sale))
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.delete_event(self.event.key.number);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.event(self.event.id, &|line| {
            line.open(ChangeKind::EventDeleted.as_str(), origin.micros);
            line.id("event_id", self.event.id);
        });
        Ok(())
    }
}
