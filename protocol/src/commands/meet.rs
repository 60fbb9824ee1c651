//! MEET.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, validated};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::meeting::RequestedMeeting;
use super::recurrence::{parse_times, refuse_series, write_times};
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::needs::Needs;
use crate::period::{Hours, Period};
use crate::recurrence::Recurrence;
use crate::refusal::Refusal;
use crate::reply::changed_entry::{close_entry_reply, open_entry_reply};
use crate::reply::entry::write_meeting;
use crate::reply::{EntryFields, Members, ReplacedEntry, SeriesFields, SkippedFields, WrittenEntry, dates};
use crate::window::Window;

/// Schedules a meeting, once or in a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meet<'a> {
    /// The requester, who takes part.
    pub who: Id<'a>,
    /// When it is.
    pub when: MeetingTime,
    /// The meeting.
    pub meeting: RequestedMeeting<'a>,
}

/// When a requested meeting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingTime {
    /// At a time of the requester's choice.
    At {
        /// The hours, those of the first occurrence of a series.
        period: Period,
        /// The series, if one is requested.
        recurrence: Option<Recurrence>,
    },
    /// At the first time in a window at which all of its people are free.
    First(Window),
}

/// The word in place of a time that asks for a [`MeetingTime::First`].
const FIRST_WORD: &str = "first";

const AT: CommandForm = CommandForm {
    usage: "MEET <who> <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] \
            [every=day|weekday|week|2weeks count=<count>|last=<date>] [on_conflict=skip] [key=<key>]",
    help: "schedules a meeting of who, the host (who unless given) and everyone in the group, for all or \
           none; every= repeats it, in a series of all its occurrences or none, or of those that are free \
           with on_conflict=skip",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "MEET F1 2026-11-27 10:00 \"project review\" F2,F3",
};

const FIRST: CommandForm = CommandForm {
    usage: "MEET <who> <date> first <title> <group> [<host>|host=<id>] [to=<date>] [from=<time>] \
            [until=<time>] [hours=<hours>] [days=weekdays|all] [key=<key>]",
    help: "schedules a meeting at the first time at which all of its people are free, from 09:00 until 17:00 \
           on the date, or on the weekdays of a range with to=",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "MEET F1 2026-11-27 first \"project review\" F2,F3 hours=2",
};

impl<'a> Command<'a> for Meet<'a> {
    const FORMS: &'static [CommandForm] = &[AT, FIRST];
    const CHANGES: bool = true;

    fn needs(&self) -> Needs {
        match self.when {
            MeetingTime::At { .. } => AT.needs,
            MeetingTime::First(_) => FIRST.needs,
        }
    }

    /// A meeting is who's and its host's.
    fn is_own_of(&self, person: &str) -> bool {
        self.who.as_str() == person || self.meeting.host.as_str() == person
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let (who, date) = (args.next_id("who")?, args.next_date()?);
        let word = args.next_word("time or first")?;
        if word == FIRST_WORD {
            args.set_form(&FIRST);
            let meeting = RequestedMeeting::parse(args, &who)?;
            refuse_series(args)?;
            let when = MeetingTime::First(Window::parse_options(args, date)?);
            return Ok(Self { who, when, meeting });
        }
        args.set_form(&AT);
        let hour = validated("time", word, |word| word.parse())?;
        let meeting = RequestedMeeting::parse(args, &who)?;
        let (period, recurrence) = parse_times(args, Slot { date, hour })?;
        Ok(Self { who, when: MeetingTime::At { period, recurrence }, meeting })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        match &self.when {
            MeetingTime::At { period, recurrence } => {
                line.argument(&period.start());
                self.meeting.write_arguments(line, &self.who);
                write_times(line, *period, recurrence.as_ref());
            }
            MeetingTime::First(window) => {
                line.argument(&window.dates().first());
                line.argument(FIRST_WORD);
                self.meeting.write_arguments(line, &self.who);
                window.write_options(line);
            }
        }
    }
}

/// The reply to MEET and PUT … MEET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetReply<'a> {
    /// The requester.
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
    /// The title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// The members, each once.
    pub group: Members<'a>,
    /// The host.
    #[serde(borrow)]
    pub host: Cow<'a, str>,
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

/// Appends a [`MeetReply`] as an `OK` line.
pub fn write_meet_reply(out: &mut Vec<u8>, entry: &WrittenEntry<'_>, meet: &EntryFields<'_>) {
    open_entry_reply(out, entry.who, entry.period);
    out.push(b',');
    write_meeting(out, &meet.title, &meet.group.0, &meet.host);
    close_entry_reply(out, entry);
}
