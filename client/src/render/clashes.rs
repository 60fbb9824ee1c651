//! The occurrences of a series that cannot be had.

use bookline_protocol::reply::Clash;

use crate::render::layout::{Column, ColumnKind, Table};
use crate::render::page::Page;

const COLUMNS: &[Column] =
    &[("Date", ColumnKind::Atom), ("Time", ColumnKind::Atom), ("Busy", ColumnKind::Ids)];

/// The occurrences that are listed, and how many of all `count` are not.
pub fn clashes(clashes: &[Clash<'_>], count: u32, page: &Page) -> String {
    let rows = clashes.iter().map(|clash| {
        let people: Vec<_> = clash.busy.iter().collect();
        let more = unlisted(clash.busy_count.unwrap_or(0), people.len());
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        vec![
            clash.date.iso().to_string().into(),
            clash.time.to_string().into(),
            (people.join(", ") + &more).into(),
        ]
    });
    let table = Table::new(COLUMNS, rows).lay_out(page);
    match unlisted(count, clashes.len()) {
        0 => table,
        more => format!("{table}\n{more} more are not listed."),
    }
}

/// How many of `count` are not among those that are listed.
fn unlisted(count: u32, listed: usize) -> usize {
    (count as usize).saturating_sub(listed)
}
