//! HOD.

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::date_range::DateRange;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::reply::entry::write_slot;
use crate::reply::{EntryFields, EntryPlace, dates, write_entry_fields};

/// Lists the meetings of a range of days, or of the last [`crate::limits::HOD_HOURS`] hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hod<'a> {
    /// The requester.
    pub who: Id<'a>,
    /// The days. The server refuses more than [`crate::limits::RANGE_DAYS_MAX`].
    pub range: Option<DateRange>,
}

impl<'a> Command<'a> for Hod<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "HOD <who> [<from> <to>]",
        help: "lists the meetings of the last 720 hours, or of a range of at most 366 days, newest first; \
               for the head of department only",
        topic: Topic::Calendars,
        needs: Needs::Report,
        example: "HOD F10 2026-11-01 2026-11-30",
    }];

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let who = args.next_id("who")?;
        if !args.has_next()? {
            return Ok(Self { who, range: None });
        }
        let first = args.next_value("from")?;
        Ok(Self { who, range: Some(args.next_range_end(first)?) })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        if let Some(range) = &self.range {
            line.argument(range);
        }
    }
}

/// A row of HOD: an hour and its meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HodRow<'a> {
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// Meetings of that hour. Several rows may have the same hour.
    #[serde(borrow)]
    pub meetings: Vec<HodMeeting<'a>>,
}

/// A meeting in a [`HodRow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HodMeeting<'a> {
    /// Where the meeting is, which fills the hour of the row.
    #[serde(flatten)]
    pub place: EntryPlace,
    /// The meeting.
    #[serde(borrow, flatten)]
    pub meet: EntryFields<'a>,
}

/// Appends a [`HodRow`] as a `ROW` line. A meeting is its place, and its title, its group joined by commas,
/// and its host.
pub fn write_hod_row<'a>(
    out: &mut Vec<u8>,
    slot: Slot,
    meetings: impl Iterator<Item = (EntryPlace, (&'a str, &'a str, &'a str))>,
) {
    open_hod_row(out, slot);
    for (index, (place, texts)) in meetings.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_entry_fields(out, place, texts, &mut None, usize::MAX);
    }
    close_hod_row(out);
}

/// Appends the start of a [`HodRow`], up to its meetings.
pub fn open_hod_row(out: &mut Vec<u8>, slot: Slot) {
    out.extend_from_slice(b"ROW {");
    write_slot(out, slot);
    out.extend_from_slice(b",\"meetings\":[");
}

/// Appends the end of a [`HodRow`], after its meetings.
pub fn close_hod_row(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}
