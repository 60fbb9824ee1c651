//! A meeting was created.
//!
//! Body: slot u32 (day × 24 + hour), then its texts.

use bookline_protocol::{Period, Slot};

use super::compaction::Compaction;
use super::entry_lines::EntryLines;
use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::calendar::{Entry, EntryContent};
use crate::domain::{Contradiction, EntryNumber};

/// Fills the slot for `who`, `host` and every member of `group`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeetingTaken<'a> {
    pub slot: Slot,
    pub who: &'a str,
    pub title: &'a str,
    /// Ids separated by commas, without repetition.
    pub group: &'a str,
    pub host: &'a str,
}

impl<'a> MeetingTaken<'a> {
    fn texts(&self) -> EntryTexts<'a> {
        let Self { who, title, group, host, .. } = *self;
        EntryTexts { who, title, group, host }
    }
}

impl<'a> Kind<'a> for MeetingTaken<'a> {
    fn body_bytes(&self) -> usize {
        4 + self.texts().bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        self.texts().encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let slot = body.slot()?;
        let EntryTexts { who, title, group, host } = EntryTexts::decode(body)?;
        Ok(Self { slot, who, title, group, host })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Day(self.slot.date))
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        self.texts().check_meeting(number)
    }

    fn apply(&self, origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { slot, who, title, group, host } = *self;
        let content = EntryContent::meeting(who, title, group, host);
        let entry = Entry { content, period: Period::of_slot(slot), series: None };
        target.create_entry(EntryNumber::first_of(origin.sequence), entry)
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Entry
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        let entry = Ok((EntryNumber::first_of(origin.sequence), Period::of_slot(self.slot)));
        EntryLines { series: None, texts: self.texts(), micros: origin.micros }
            .tell_made(std::iter::once(entry), listener)
    }
}
