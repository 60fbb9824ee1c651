//! The meetings of a grid, one below the other.

use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::{Date, Hours, Slot};

use crate::render::layout::{Indent, fill_indented};
use crate::render::page::Page;
use crate::render::text::printable;

/// Members of a meeting that are named.
const NAMED_MEMBERS_MAX: usize = 10;

const INDENT: Indent = Indent { first: 0, next: 4 };

/// A meeting, which may be in the calendars of several people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meeting {
    pub start: Slot,
    pub hours: Hours,
    pub title: String,
    /// Comma-separated.
    pub group: String,
    pub host: String,
}

/// Meetings in the order of their starts, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeetingList {
    meetings: Vec<Meeting>,
}

impl MeetingList {
    /// The meetings of these days.
    pub fn of<'a>(days: impl IntoIterator<Item = &'a DayReply<'a>>) -> Self {
        let of_day = |day: &'a DayReply<'a>| day.schedule.iter().filter_map(|entry| meeting(day, entry));
        Self::of_meetings(days.into_iter().flat_map(of_day))
    }

    /// These meetings, of which some may be the same.
    pub fn of_meetings(meetings: impl IntoIterator<Item = Meeting>) -> Self {
        let mut meetings: Vec<_> = meetings.into_iter().collect();
        meetings.sort();
        meetings.dedup();
        Self { meetings }
    }

    /// The meetings, with the dates of those that start on another day than this.
    pub fn lines(&self, day: Option<Date>, page: &Page) -> Vec<String> {
        let shown = |meeting: &Meeting| {
            let words = printable(&meeting.words(day)).replace('\n', "\\n");
            fill_indented(&words, INDENT, page)
        };
        self.meetings.iter().map(shown).collect()
    }
}

/// The meeting that fills this hour, unless it is a block.
fn meeting(day: &DayReply<'_>, entry: &DayEntry<'_>) -> Option<Meeting> {
    if entry.meet.is_block() {
        return None;
    }
    Some(Meeting {
        start: entry.place.from.unwrap_or(Slot { date: day.date, hour: entry.time }),
        hours: entry.place.hours.unwrap_or_default(),
        title: entry.meet.title.to_string(),
        group: entry.meet.group.0.to_string(),
        host: entry.meet.host.to_string(),
    })
}

impl Meeting {
    fn words(&self, day: Option<Date>) -> String {
        let date = self.start.date;
        let date = (day != Some(date)).then(|| format!("{} {} ", date.naive().format("%a"), date.iso()));
        let members: Vec<_> = self.group.split(',').filter(|member| !member.is_empty()).collect();
        let named = members[..members.len().min(NAMED_MEMBERS_MAX)].join(", ");
        let with = match members.len().saturating_sub(NAMED_MEMBERS_MAX) {
            _ if members.is_empty() => String::new(),
            0 => format!(" with {named}"),
            more => format!(" with {named}, and {more} more"),
        };
        let (time, title, host) = (self.time(), &self.title, &self.host);
        format!("{}{time} {title}{with} (host {host})", date.unwrap_or_default())
    }

    /// `09:00-11:00`, whichever day it ends on.
    fn time(&self) -> String {
        let end = self.start.shifted(i64::from(self.hours.get()));
        match end {
            Some(end) => format!("{}-{}", self.start.hour, end.hour),
            None => self.start.hour.to_string(),
        }
    }
}
