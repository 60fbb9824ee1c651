//! A block was created.
//!
//! Body: slot u32 (day × 24 + hour), who.

use bookline_protocol::{Period, Slot};

use super::compaction::Compaction;
use super::entry_lines::EntryLines;
use super::entry_texts::EntryTexts;
use super::invalid::{InvalidChange, check_id};
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::{Fields, put_string};
use crate::domain::calendar::{Entry, EntryContent};
use crate::domain::{Contradiction, EntryNumber};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockTaken<'a> {
    pub slot: Slot,
    pub who: &'a str,
}

impl<'a> Kind<'a> for BlockTaken<'a> {
    fn body_bytes(&self) -> usize {
        4 + 2 + self.who.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        put_string(out, self.who);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { slot: body.slot()?, who: body.string()? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Day(self.slot.date))
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_id("person of block", number, self.who)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let (content, period) = (EntryContent::block(self.who), Period::of_slot(self.slot));
        target.create_entry(EntryNumber::first_of(origin.sequence), Entry { content, period, series: None })
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Entry
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let entry = Ok((EntryNumber::first_of(origin.sequence), Period::of_slot(self.slot)));
        let texts = EntryTexts::of_block(self.who);
        EntryLines { series: None, texts, micros: origin.micros }.tell_made(std::iter::once(entry), listener)
    }
}
