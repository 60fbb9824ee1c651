//! The times of FREE, and why there are none.

use bookline_protocol::Hour;
use bookline_protocol::commands::free::{BusyHours, FreeRow, NoTimeReply};

use crate::render::layout::{Column, ColumnKind, Table};
use crate::render::page::Page;

const COLUMNS: &[Column] =
    &[("Date", ColumnKind::Atom), ("Time", ColumnKind::Atom), ("Hours", ColumnKind::Number)];

const BUSY_HOURS_COLUMNS: &[Column] = &[("Who", ColumnKind::Atom), ("Busy at", ColumnKind::Ids)];

const BUSY_COUNT_COLUMNS: &[Column] = &[("Who", ColumnKind::Atom), ("Busy hours", ColumnKind::Number)];

/// The times at which all are free.
pub fn times(times: &[FreeRow], page: &Page) -> String {
    let rows = times.iter().map(|free| {
        vec![free.date.iso().to_string().into(), free.time.to_string().into(), free.hours.to_string().into()]
    });
    Table::new(COLUMNS, rows).lay_out(page)
}

/// Who is busy, where FREE has found no time.
pub fn none(found: &NoTimeReply, page: &Page) -> String {
    let (columns, people): (_, Vec<_>) = match &found.busy {
        BusyHours::OfDay(people) => {
            let joined = |hours: &[Hour]| hours.iter().map(Hour::to_string).collect::<Vec<_>>().join(", ");
            (BUSY_HOURS_COLUMNS, people.iter().map(|(who, hours)| (who, joined(hours))).collect())
        }
        BusyHours::Counts(people) => {
            (BUSY_COUNT_COLUMNS, people.iter().map(|(who, hours)| (who, hours.to_string())).collect())
        }
    };
    if people.is_empty() {
        return "There is no such time, though nobody is busy.".to_owned();
    }
    let rows = people.into_iter().map(|(who, hours)| vec![who.as_str().into(), hours.into()]);
    format!("All are free at no time.\n{}", Table::new(columns, rows).lay_out(page))
}
