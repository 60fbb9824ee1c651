//! A block or meeting ended: it was deleted, unless the commit moves it ([`super::EntriesMoved`]) or, in
//! journals of earlier versions, creates another one in its place.
//!
//! Body: slot u32 (day × 24 + hour), entry u64, then its texts.

use bookline_protocol::{Period, Slot};

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::entry_lines::EntryLines;
use super::entry_list::{EntryList, Existing};
use super::entry_texts::EntryTexts;
use super::invalid::InvalidChange;
use super::kind::Kind;
use super::listener::{Listener, TellError};
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::Fields;
use crate::codec::{DecodeError, Sequence};
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber};

/// The number of an entry that is the first of its commit, as the sequence number of that.
pub(super) fn first_entry(fields: &mut Fields<'_>) -> Result<EntryNumber, DecodeError> {
    EntryNumber::new(Sequence(fields.u64()?), 0).ok_or(DecodeError::Malformed)
}

/// Frees the slot for all people of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryEnded<'a> {
    pub slot: Slot,
    /// The first of its commit.
    pub entry: EntryNumber,
    pub texts: EntryTexts<'a>,
}

impl<'a> EntryEnded<'a> {
    /// The end of this entry, which is plain and the first of its commit.
    pub fn of(number: EntryNumber, entry: &'a Entry) -> Self {
        Self { slot: entry.period.start(), entry: number, texts: EntryTexts::of(&entry.content) }
    }

    fn list(&self) -> EntryList<'a> {
        EntryList::of_one(self.texts, (self.entry, Period::of_slot(self.slot)))
    }
}

impl<'a> Kind<'a> for EntryEnded<'a> {
    fn body_bytes(&self) -> usize {
        4 + 8 + self.texts.bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        out.extend_from_slice(&self.entry.commit().0.to_le_bytes());
        self.texts.encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        Ok(Self { slot: body.slot()?, entry: first_entry(body)?, texts: EntryTexts::decode(body)? })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Day(self.slot.date))
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        self.texts.check(self.entry.commit().0)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.entry.commit().0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let ended = target.end_entry(self.entry, Period::of_slot(self.slot))?;
        if EntryTexts::of(&ended.content) == self.texts && ended.series.is_none() {
            return Ok(());
        }
        let (number, who) = (self.entry.commit().0, ended.content.who());
        Err(Contradiction(format!(
            "entry {number} ends as one that {} created, and it is another one, which {who} created",
            self.texts.who
        )))
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.end_entry(self.entry);
    }

    fn tell(&self, origin: Origin, listener: &mut impl Listener) -> Result<(), TellError> {
        EntryLines::of(self.list(), origin).tell_deleted(self.list().entries(), listener)
    }

    fn existing(&self) -> Option<Existing<'a>> {
        Some(Existing::Ended(self.list()))
    }
}
