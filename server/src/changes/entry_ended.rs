//! A block or meeting ended: it was deleted, or moved if the commit creates another one.
//!
//! Body: slot u32 (day × 24 + hour), entry u64, then its texts as those of a meeting. The title and the
//! group of a block are empty, and its host is who.

use bookline_protocol::Slot;
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::earlier::Earlier;
use super::invalid::{InvalidChange, check_id};
use super::kind::Kind;
use super::meeting_texts::MeetingTexts;
use super::origin::Origin;
use super::record::Record;
use super::target::Target;
use crate::codec::DecodeError;
use crate::codec::fields::Fields;
use crate::domain::calendar::Entry;
use crate::domain::{Contradiction, EntryNumber};

/// Frees the slot for all people of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryEnded<'a> {
    pub slot: Slot,
    pub entry: EntryNumber,
    /// The person who created it.
    pub who: &'a str,
    /// Empty for a block.
    pub title: &'a str,
    /// Ids separated by commas, without repetition. Empty for a block.
    pub group: &'a str,
    pub host: &'a str,
}

impl<'a> EntryEnded<'a> {
    /// The end of this entry.
    pub fn of(slot: Slot, number: EntryNumber, entry: &'a Entry) -> Self {
        let (title, group, host) = entry.texts();
        Self { slot, entry: number, who: entry.who(), title, group, host }
    }

    fn texts(&self) -> MeetingTexts<'a> {
        let Self { who, title, group, host, .. } = *self;
        MeetingTexts { who, title, group, host }
    }

    fn is_block(&self) -> bool {
        self.group.is_empty()
    }
}

impl<'a> Kind<'a> for EntryEnded<'a> {
    fn body_bytes(&self) -> usize {
        4 + 8 + self.texts().bytes()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        out.extend_from_slice(&self.entry.0.to_le_bytes());
        self.texts().encode(out);
    }

    fn decode_body(body: &mut Fields<'a>, _type_on_disk: u8) -> Result<Self, DecodeError> {
        let (slot, entry) = (body.slot()?, EntryNumber(body.u64()?));
        let MeetingTexts { who, title, group, host } = MeetingTexts::decode(body)?;
        Ok(Self { slot, entry, who, title, group, host })
    }

    fn record(&self) -> Option<Record> {
        Some(Record::Day(self.slot.date))
    }

    fn check(&self, _number: u64) -> Result<(), InvalidChange> {
        let number = self.entry.0;
        if self.is_block() {
            let is_valid = self.title.is_empty() && self.host == self.who;
            return if is_valid {
                check_id("person of block", number, self.who)
            } else {
                Err(InvalidChange::BlockWithTexts { number })
            };
        }
        self.texts().check(number)
    }

    fn modifies(&self) -> Option<u64> {
        Some(self.entry.0)
    }

    fn apply(&self, _origin: Origin, target: &mut impl Target) -> Result<(), Contradiction> {
        let ended = target.end_entry(self.entry, self.slot)?;
        if *self == EntryEnded::of(self.slot, self.entry, &ended) {
            return Ok(());
        }
        let (number, who) = (self.entry.0, ended.who());
        Err(Contradiction(format!(
            "entry {number} ends as one that {} created, and it is another one, which {who} created",
            self.who
        )))
    }

    fn compaction(&self, _origin: Origin) -> Compaction<'a> {
        Compaction::Omitted
    }

    fn supersede(&self, _at: i64, earlier: &mut impl Earlier) {
        earlier.end_entry(self.entry);
    }

    fn json(&self) -> Value {
        let mut json = json!({
            "fact": "entry_freed", "date": self.slot.date.iso().to_string(),
            "time": self.slot.hour.to_string(), "entry": self.entry.0, "who": self.who,
        });
        if !self.is_block() {
            json["title"] = self.title.into();
            json["group"] = self.group.split(',').collect::<Vec<_>>().into();
            json["host"] = self.host.into();
        }
        json
    }
}
