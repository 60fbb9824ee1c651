//! GET. The reply to GET of an event is a [`crate::reply::EventReply`], and so are the rows of the listing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, validated};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::cursor::Cursor;
use crate::date::Date;
use crate::date_range::DateRange;
use crate::hour::Hour;
use crate::id::Id;
use crate::json;
use crate::limits::{LISTING_ROWS_MAX, RANGE_DAYS_MAX};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::reply::{EntryFields, EntryPlace, LineKind, dates};
use crate::role::Role;

/// Shows what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Get<'a> {
    /// `GET`: list events.
    List {
        /// The maximum number of rows, 1 to [`LISTING_ROWS_MAX`].
        limit: Option<u32>,
        /// The event that the listing begins after.
        after: Option<Cursor<'static>>,
    },
    /// `GET <event-id>`: show an event.
    Event {
        /// The event.
        id: Id<'a>,
    },
    /// `GET <who> <date>`: show a person's day.
    Day {
        /// The person.
        who: Id<'a>,
        /// The day.
        date: Date,
    },
    /// `GET <who> <from> <to>`: list the days of a range on which a person has anything.
    Range {
        /// The person.
        who: Id<'a>,
        /// The days. The server refuses more than [`RANGE_DAYS_MAX`].
        range: DateRange,
    },
}

const LIST: CommandForm = CommandForm {
    usage: "GET [limit=<n>] [after=<cursor>]",
    help: "lists the events by date, name and id; after=<next> continues a listing that limit ended",
    topic: Topic::Tickets,
    needs: Needs::Role(Role::Viewer),
    example: "GET limit=20",
};

const EVENT: CommandForm = CommandForm {
    usage: "GET <event-id>",
    help: "shows one event and how many tickets are left",
    topic: Topic::Tickets,
    needs: Needs::Role(Role::Viewer),
    example: "GET rustconf",
};

const DAY: CommandForm = CommandForm {
    usage: "GET <who> <date>",
    help: "shows the schedule of a person's day",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "GET F1 2026-11-26",
};

const RANGE: CommandForm = CommandForm {
    usage: "GET <who> <from> <to>",
    help: "lists the days of a range of at most 366 days on which a person has anything",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "GET F1 2026-11-23 2026-11-29",
};

// The source of the figure in the help.
const _: () = assert!(RANGE_DAYS_MAX == 366);

impl<'a> Command<'a> for Get<'a> {
    const FORMS: &'static [CommandForm] = &[LIST, EVENT, DAY, RANGE];

    #[inline]
    fn needs(&self) -> Needs {
        match self {
            Self::List { .. } => LIST.needs,
            Self::Event { .. } => EVENT.needs,
            Self::Day { .. } => DAY.needs,
            Self::Range { .. } => RANGE.needs,
        }
    }

    fn is_own_of(&self, person: &str) -> bool {
        matches!(self, Self::Day { who, .. } | Self::Range { who, .. } if who.as_str() == person)
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        if !args.has_next()? {
            args.set_form(&LIST);
            let limit = args.option_number("limit", LISTING_ROWS_MAX)?;
            return Ok(Self::List { limit, after: args.option_value("after")? });
        }
        let id = args.next_word("event-id")?;
        if !args.has_next()? {
            args.set_form(&EVENT);
            return Ok(Self::Event { id: validated("event-id", id, Id::new)? });
        }
        args.set_form(&DAY);
        let (who, date) = (validated("who", id, Id::new)?, args.next_date()?);
        if !args.has_next()? {
            return Ok(Self::Day { who, date });
        }
        args.set_form(&RANGE);
        Ok(Self::Range { who, range: args.next_range_end(date)? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        match self {
            Self::List { limit, after } => {
                line.option("limit", limit.as_ref());
                line.option("after", after.as_ref().map(Cursor::encode).as_deref());
            }
            Self::Event { id } => line.argument(id),
            Self::Day { who, date } => {
                line.argument(who);
                line.argument(date);
            }
            Self::Range { who, range } => {
                line.argument(who);
                line.argument(range);
            }
        }
    }
}

/// An occupied hour in a [`DayReply`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEntry<'a> {
    /// The hour.
    pub time: Hour,
    /// Where the entry is, of which this is one hour.
    #[serde(flatten)]
    pub place: EntryPlace,
    /// The entry.
    #[serde(borrow)]
    pub meet: EntryFields<'a>,
}

/// The reply to `GET <who> <date>`, and a row of the reply to `GET <who> <from> <to>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReply<'a> {
    /// The person.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The occupied hours, earliest first.
    #[serde(borrow)]
    pub schedule: Vec<DayEntry<'a>>,
}

/// Appends the start of a [`DayReply`], up to its schedule.
pub fn open_day_reply(out: &mut Vec<u8>, kind: LineKind, who: &str, date: Date) {
    out.extend_from_slice(kind.prefix());
    out.extend_from_slice(b"{\"name\":");
    json::write_id(out, who);
    out.extend_from_slice(b",\"date\":\"");
    date.write_dmy(out);
    out.extend_from_slice(b"\",\"schedule\":[");
}

/// Appends the start of a [`DayEntry`], up to its `meet`, with a comma unless it is the first of its day.
pub fn open_day_entry(out: &mut Vec<u8>, time: Hour, place: EntryPlace, is_first: bool) {
    out.extend_from_slice(if is_first { b"{\"time\":\"" } else { b",{\"time\":\"" });
    time.write(out);
    out.extend_from_slice(b"\",");
    place.write(out);
    out.extend_from_slice(b"\"meet\":");
}

/// Appends the end of a [`DayEntry`], after its `meet`.
pub fn close_day_entry(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Appends the end of a [`DayReply`], after its schedule.
pub fn close_day_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}
