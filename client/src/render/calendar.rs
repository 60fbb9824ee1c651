//! The entries of calendars as lists.

use bookline_protocol::Slot;
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::reply::{EntryFields, EntryPlace};

use crate::render::layout::{Cell, Column, ColumnKind, Table};
use crate::render::page::Page;
use crate::render::text::printable;

/// Shown instead of a title for an hour that is blocked.
const BLOCKED_TITLE: &str = "(blocked)";

/// The columns of the entries of a day.
const COLUMNS: &[Column] = &[
    ("Time", ColumnKind::Atom),
    ("What", ColumnKind::Text),
    ("With", ColumnKind::Ids),
    ("Host", ColumnKind::Atom),
];

/// The columns of entries of several days.
const DATED_COLUMNS: &[Column] = &[
    ("Date", ColumnKind::Atom),
    ("Time", ColumnKind::Atom),
    ("What", ColumnKind::Text),
    ("With", ColumnKind::Ids),
    ("Host", ColumnKind::Atom),
];

/// The entries of a day. Hours that are free are not listed.
pub fn day(day: &DayReply<'_>, page: &Page) -> String {
    let title = format!("{} on {}", printable(&day.name), day.date.iso());
    if day.schedule.is_empty() {
        return format!("{title}: nothing there.");
    }
    let rows = day.schedule.iter().map(|scheduled| {
        let slot = Slot { date: day.date, hour: scheduled.time };
        row(slot, scheduled.place, &scheduled.meet)
    });
    format!("{title}\n{}", Table::new(COLUMNS, rows).lay_out(page))
}

/// The entries of the days of a range, all of one person.
pub fn days(days: &[DayReply<'_>], page: &Page) -> String {
    let rows = days.iter().flat_map(|day| {
        day.schedule.iter().map(|scheduled| {
            let slot = Slot { date: day.date, hour: scheduled.time };
            dated_row(slot, scheduled.place, &scheduled.meet)
        })
    });
    let who = days.first().map(|day| printable(&day.name)).unwrap_or_default();
    format!("{who}\n{}", Table::new(DATED_COLUMNS, rows).lay_out(page))
}

/// The meetings of HOD, by hour.
pub fn hours(hours: &[HodRow<'_>], page: &Page) -> String {
    let rows = hours.iter().flat_map(|hour| {
        let slot = Slot { date: hour.date, hour: hour.time };
        hour.meetings.iter().map(move |meeting| dated_row(slot, meeting.place, &meeting.meet))
    });
    Table::new(DATED_COLUMNS, rows).lay_out(page)
}

fn dated_row(slot: Slot, place: EntryPlace, meet: &EntryFields<'_>) -> Vec<Cell> {
    let mut dated = vec![slot.date.iso().to_string().into()];
    dated.extend(row(slot, place, meet));
    dated
}

/// The time, what, with whom and the host, of an entry at one of its hours.
fn row(slot: Slot, place: EntryPlace, meet: &EntryFields<'_>) -> Vec<Cell> {
    let what = if meet.group.is_empty() && meet.title.is_empty() { BLOCKED_TITLE } else { &meet.title };
    let with: Vec<_> = meet.group.iter().collect();
    vec![
        slot.hour.to_string().into(),
        (what.to_owned() + &place_note(slot, place)).into(),
        with.join(", ").into(),
        Cell::from(&*meet.host),
    ]
}

/// Which hour of a longer entry this is, and whether it is in a series.
fn place_note(slot: Slot, place: EntryPlace) -> String {
    let hour = place.from.zip(place.hours).map(|(from, hours)| {
        let number = slot.index().saturating_sub(from.index()) + 1;
        format!("hour {number} of {hours}")
    });
    let series = place.series.map(|_| "in a series".to_owned());
    let notes: Vec<_> = hour.into_iter().chain(series).collect();
    if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;

    fn shown(day: &str, width: Option<u16>) -> String {
        super::day(&serde_json::from_str(day).unwrap(), &Page::with_width(Screen::PLAIN, width))
    }

    #[test]
    fn group_is_wrapped_between_ids() {
        let day = r#"{"name":"F1","date":"21-11-2026","schedule":[{"time":"10:00","meet":{"title":"standup",
            "group":["alpha-person","beta-person","gamma-person"],"host":"F1"}}]}"#;
        let table = "\
F1 on 2026-11-21
 Time  | What    | With          | Host
-------+---------+---------------+------
 10:00 | standup | alpha-person, | F1
       |         | beta-person,  |
       |         | gamma-person  |";
        assert_eq!(shown(day, Some(40)), table);
    }

    #[test]
    fn hours_of_a_longer_entry_are_numbered_across_midnight() {
        let day = r#"{"name":"F1","date":"22-11-2026","schedule":[{"time":"00:00","from":"21-11-2026 23:00",
            "hours":3,"series":"5f3a9c1e77d20b46","meet":{"title":"","group":[],"host":"F1"}}]}"#;
        let shown = shown(day, None);
        assert!(shown.contains("(blocked) (hour 2 of 3, in a series)"), "{shown}");
    }
}
