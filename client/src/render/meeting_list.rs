//! The meetings of a grid, one below the other.

use bookline_protocol::commands::get::{DayEntry, DayReply};
use bookline_protocol::{Date, Hours, Slot};

use crate::render::paragraph::Paragraph;

/// Members of a meeting that are named.
const NAMED_MEMBERS_MAX: usize = 10;

/// The blanks before the second line of a meeting.
const INDENT: usize = 4;

/// A meeting, which may be in the calendars of several people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Meeting {
    start: Slot,
    hours: Hours,
    title: String,
    /// Comma-separated.
    group: String,
    host: String,
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
        let mut meetings: Vec<_> = days.into_iter().flat_map(of_day).collect();
        meetings.sort();
        meetings.dedup();
        Self { meetings }
    }

    /// The meetings in at most `width` columns, with the dates of those that start on another day than this.
    pub fn lines(&self, width: usize, day: Option<Date>) -> Vec<String> {
        self.meetings.iter().flat_map(|meeting| meeting.lines(width, day)).collect()
    }
}

/// The meeting that fills this hour, unless it is a block.
fn meeting(day: &DayReply<'_>, entry: &DayEntry<'_>) -> Option<Meeting> {
    if entry.meet.title.is_empty() && entry.meet.group.is_empty() {
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
    fn lines(&self, width: usize, day: Option<Date>) -> Vec<String> {
        let mut paragraph = Paragraph::new(width, INDENT);
        let date = self.start.date;
        if day != Some(date) {
            paragraph.atom(&format!("{} {}", date.naive().format("%a"), date.iso()));
        }
        paragraph.atom(&self.time());
        paragraph.text(&self.title);
        let members: Vec<_> = self.group.split(',').filter(|member| !member.is_empty()).collect();
        if !members.is_empty() {
            paragraph.atom("with");
        }
        let named = &members[..members.len().min(NAMED_MEMBERS_MAX)];
        for (at, member) in named.iter().enumerate() {
            let comma = if at + 1 < members.len() { "," } else { "" };
            paragraph.atom(&format!("{member}{comma}"));
        }
        if members.len() > named.len() {
            paragraph.text(&format!("and {} more", members.len() - named.len()));
        }
        paragraph.atom(&format!("(host {})", self.host));
        paragraph.into_lines()
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
