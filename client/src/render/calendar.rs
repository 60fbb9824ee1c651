//! The entries of several days, and the meetings of HOD, as tables.

use bookline_protocol::Slot;
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::reply::{EntryFields, EntryPlace};

use crate::render::entry::{place_note, title};
use crate::render::layout::{Cell, Column, ColumnKind, Table};
use crate::render::page::Page;
use crate::render::text::printable;

const COLUMNS: &[Column] = &[
    ("Date", ColumnKind::Atom),
    ("Time", ColumnKind::Atom),
    ("What", ColumnKind::Text),
    ("With", ColumnKind::Ids),
    ("Host", ColumnKind::Atom),
];

/// The entries of the days of a range, all of one person.
pub fn days(days: &[DayReply<'_>], page: &Page) -> String {
    let rows = days.iter().flat_map(|day| {
        day.schedule.iter().map(|scheduled| {
            let slot = Slot { date: day.date, hour: scheduled.time };
            row(slot, scheduled.place, &scheduled.meet)
        })
    });
    let who = days.first().map(|day| printable(&day.name)).unwrap_or_default();
    format!("{who}\n{}", Table::new(COLUMNS, rows).lay_out(page))
}

/// The meetings of HOD, by hour.
pub fn hours(hours: &[HodRow<'_>], page: &Page) -> String {
    let rows = hours.iter().flat_map(|hour| {
        let slot = Slot { date: hour.date, hour: hour.time };
        hour.meetings.iter().map(move |meeting| row(slot, meeting.place, &meeting.meet))
    });
    Table::new(COLUMNS, rows).lay_out(page)
}

/// The date, the time, what, with whom and the host, of an entry at one of its hours.
fn row(slot: Slot, place: EntryPlace, meet: &EntryFields<'_>) -> Vec<Cell> {
    vec![
        slot.date.iso().to_string().into(),
        slot.hour.to_string().into(),
        (title(meet).to_owned() + &place_note(slot, 1, place)).into(),
        meet.group.iter().collect::<Vec<_>>().join(", ").into(),
        Cell::from(&*meet.host),
    ]
}
