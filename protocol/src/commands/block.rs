//! BLOCK.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::recurrence::{parse_times, write_times};
use crate::date::Date;
use crate::hour::Hour;
use crate::id::Id;
use crate::needs::Needs;
use crate::period::{Hours, Period};
use crate::recurrence::Recurrence;
use crate::refusal::Refusal;
use crate::reply::changed_entry::{close_entry_reply, open_entry_reply};
use crate::reply::{ReplacedEntry, SeriesFields, SkippedFields, WrittenEntry, dates};

/// Blocks hours, once or in a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The person.
    pub who: Id<'a>,
    /// The hours, those of the first occurrence of a series.
    pub period: Period,
    /// The series, if one is requested.
    pub recurrence: Option<Recurrence>,
}

impl<'a> Command<'a> for Block<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "BLOCK <who> <date> <time> [hours=<hours>] \
                [every=day|weekday|week|2weeks count=<count>|last=<date>] [on_conflict=skip] [key=<key>]",
        help: "blocks an hour of a person, or as many as hours= says; every= repeats it, in a series of all \
               its occurrences or none, or of those that are free with on_conflict=skip",
        topic: Topic::Calendars,
        needs: Needs::Calendar,
        example: "BLOCK F1 2026-11-26 14:00 hours=2",
    }];
    const CHANGES: bool = true;

    fn is_own_of(&self, person: &str) -> bool {
        self.who.as_str() == person
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let (who, start) = (args.next_id("who")?, args.next_slot()?);
        let (period, recurrence) = parse_times(args, start)?;
        Ok(Self { who, period, recurrence })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        line.argument(&self.period.start());
        write_times(line, self.period, self.recurrence.as_ref());
    }
}

/// The reply to BLOCK and PUT … BLOCK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReply<'a> {
    /// The person.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The first hour.
    pub time: Hour,
    /// How many hours it has, if more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// If it is in a series, or was.
    #[serde(flatten)]
    pub series: Option<SeriesFields>,
    /// The occurrences that were skipped.
    #[serde(borrow, flatten)]
    pub skipped: Option<SkippedFields<'a>>,
    /// What PUT replaced.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedEntry<'a>>,
}

/// Appends a [`BlockReply`] as an `OK` line.
pub fn write_block_reply(out: &mut Vec<u8>, entry: &WrittenEntry<'_>) {
    open_entry_reply(out, entry.who, entry.period);
    close_entry_reply(out, entry);
}
