//! FREE. The final line of its reply is a [`crate::reply::CountReply`] if there are rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, validated};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::group::Group;
use crate::hour::{Hour, Slot};
use crate::json;
use crate::limits::{SEARCH_ROWS_DEFAULT, SEARCH_ROWS_MAX};
use crate::needs::Needs;
use crate::period::Hours;
use crate::refusal::Refusal;
use crate::reply::dates;
use crate::reply::entry::write_slot;
use crate::window::Window;

/// Searches times at which all of some people are free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Free<'a> {
    /// The people.
    pub people: Group<'a>,
    /// Where to search.
    pub window: Window,
    /// The maximum number of rows, 1 to [`SEARCH_ROWS_MAX`].
    pub limit: u32,
}

impl<'a> Command<'a> for Free<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "FREE <who,…> <date> [to=<date>] [from=<time>] [until=<time>] [hours=<hours>] \
                [days=weekdays|all] [limit=<n>]",
        help: "finds times at which all of the people are free for hours= (1), on a date or the weekdays of \
               a range, between from= (09:00) and until= (17:00); limit= (10) bounds how many",
        topic: Topic::Calendars,
        needs: Needs::Account,
        example: "FREE F1,F2,F3 2026-11-27 to=2026-12-04 hours=2",
    }];

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let people = validated("who", args.next_word("who,…")?, Group::new)?;
        let first = args.next_date()?;
        let window = Window::parse_options(args, first)?;
        let limit = args.option_number("limit", SEARCH_ROWS_MAX)?.unwrap_or(SEARCH_ROWS_DEFAULT);
        Ok(Self { people, window, limit })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.people);
        line.argument(&self.window.dates().first());
        self.window.write_options(line);
        line.option_unless_default("limit", &self.limit, &SEARCH_ROWS_DEFAULT);
    }
}

// The source of the figure in the help.
const _: () = assert!(SEARCH_ROWS_DEFAULT == 10);

/// A row of FREE: a time at which all are free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeRow {
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The first hour.
    pub time: Hour,
    /// How many hours from then on all are free, as many as were requested.
    pub hours: Hours,
}

/// The final line of FREE if there is no such time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoTimeReply {
    /// The number of rows: 0.
    pub count: u64,
    /// Who is busy in the hours that were searched.
    pub busy: BusyHours,
}

/// The busy hours of people. Those who have none are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BusyHours {
    /// The hours of a single date.
    OfDay(BTreeMap<String, Vec<Hour>>),
    /// The number of hours in a range.
    Counts(BTreeMap<String, u32>),
}

/// Appends a [`FreeRow`] as a `ROW` line.
pub fn write_free_row(out: &mut Vec<u8>, start: Slot, hours: Hours) {
    out.extend_from_slice(b"ROW {");
    write_slot(out, start);
    out.extend_from_slice(b",\"hours\":");
    json::write_number(out, hours.get());
    out.extend_from_slice(b"}\n");
}

/// Appends the start of a [`NoTimeReply`] as an `OK` line, up to the first person.
pub fn open_no_time_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"OK {\"count\":0,\"busy\":{");
}

/// Appends a person of [`BusyHours::OfDay`], with a comma unless it is the first.
pub fn write_busy_hours(out: &mut Vec<u8>, who: &str, hours: impl Iterator<Item = Hour>, is_first: bool) {
    open_busy_person(out, who, is_first);
    out.push(b'[');
    for (index, hour) in hours.enumerate() {
        out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        hour.write(out);
        out.push(b'"');
    }
    out.push(b']');
}

/// Appends a person of [`BusyHours::Counts`], with a comma unless it is the first.
pub fn write_busy_count(out: &mut Vec<u8>, who: &str, count: u32, is_first: bool) {
    open_busy_person(out, who, is_first);
    json::write_number(out, count);
}

fn open_busy_person(out: &mut Vec<u8>, who: &str, is_first: bool) {
    if !is_first {
        out.push(b',');
    }
    json::write_id(out, who);
    out.push(b':');
}

/// Appends the end of a [`NoTimeReply`], after the last person.
pub fn close_no_time_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"}}\n");
}
