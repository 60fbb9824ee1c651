//! A block or meeting ended, without what it was: in journals of version 0.1.0. Today it is journaled as
//! [`super::EntryEnded`].
//!
//! Body: slot u32 (day × 24 + hour), entry u64.

use bookline_protocol::reply::ChangeKind;
use bookline_protocol::{Period, Slot};

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::entry_ended::first_entry;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::{Contradiction, EntryNumber};

/// Frees the slot for all people of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFreed {
    pub slot: Slot,
    pub entry: EntryNumber,
}

impl<'a> Kind<'a> for EntryFreed {
    fn body_bytes(&self) -> usize {
        4 + 8
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        out.extend_from_slice(&self.entry.commit().0.to_le_bytes());
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { slot: body.slot()?, entry: first_entry(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Day(self.slot.date))
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        Ok(())
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.entry.commit().0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        target.end_entry(self.entry, Period::of_slot(self.slot)).map(drop)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.end_entry(self.entry);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        listener.incomplete(ChangeKind::EntryDeleted, &|line| {
            line.open("earlier_entry_deleted", origin.micros);
            line.entry(self.entry);
            line.period(Period::of_slot(self.slot));
        })
    }
}
