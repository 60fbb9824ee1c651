//! A meeting was created.
//!
//! Body: slot u32 (day × 24 + hour), who, title, group, host.

use bookline_protocol::Slot;
use serde_json::{Value, json};

use super::compaction::Compaction;
use super::invalid::{InvalidChange, check_group, check_id, check_text};
use super::kind::Kind;
use super::record::Record;
use super::target::Target;
use crate::codec::fields::{Fields, put_long_string, put_string};
use crate::codec::{DecodeError, Sequence};
use crate::domain::calendar::Entry;
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

impl<'a> Kind<'a> for MeetingTaken<'a> {
    fn body_bytes(&self) -> usize {
        4 + 2 + self.who.len() + 2 + self.title.len() + 4 + self.group.len() + 2 + self.host.len()
    }

    fn encode_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.slot.index().to_le_bytes());
        put_string(out, self.who);
        put_string(out, self.title);
        put_long_string(out, self.group);
        put_string(out, self.host);
    }

    fn decode_body(body: &mut Fields<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            slot: body.slot()?,
            who: body.string()?,
            title: body.string()?,
            group: body.long_string()?,
            host: body.string()?,
        })
    }

    fn record(&self) -> Record {
        Record::Day(self.slot.date)
    }

    fn check(&self, number: u64) -> Result<(), InvalidChange> {
        check_id("person of meeting", number, self.who)?;
        check_id("host of meeting", number, self.host)?;
        check_text("title of meeting", number, self.title)?;
        check_group(number, self.group)
    }

    fn apply(&self, sequence: Sequence, target: &mut impl Target) -> Result<(), Contradiction> {
        let Self { slot, who, title, group, host } = *self;
        target.create_entry(EntryNumber(sequence.0), slot, Entry::meeting(who, title, group, host))
    }

    fn compaction(&self) -> Compaction<'a> {
        Compaction::Entry
    }

    fn json(&self) -> Value {
        json!({
            "fact": "meeting_taken", "date": self.slot.date.iso().to_string(),
            "time": self.slot.hour.to_string(), "who": self.who, "title": self.title,
            "group": self.group.split(',').collect::<Vec<_>>(), "host": self.host,
        })
    }
}
