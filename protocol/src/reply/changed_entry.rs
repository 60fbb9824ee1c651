//! Replies to the creation, replacement or deletion of entries: what BLOCK, MEET, PUT and DELETE have in
//! common.

use serde::{Deserialize, Serialize};

use super::clash::{Clash, Clashes};
use super::entry::{ReplacedEntry, write_slot};
use crate::json;
use crate::period::Period;
use crate::series::SeriesId;

/// What the reply to a change of a series has, or of an entry that was in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesFields {
    /// The series, unless the entry has left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesId>,
    /// The number of occurrences that were created, replaced or deleted.
    pub occurrences: u32,
}

/// What the reply to a new series with `on_conflict=skip` has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedFields<'a> {
    /// The occurrences that were not created since people are busy, the first of them.
    #[serde(borrow)]
    pub skipped: Vec<Clash<'a>>,
    /// How many these are.
    pub skipped_count: u32,
}

/// The values of the reply to a new entry, besides those of a meeting.
#[derive(Clone, Copy, Debug)]
pub struct WrittenEntry<'a> {
    /// The requester.
    pub who: &'a str,
    /// The hours of the entry, those of the first or the named occurrence of a series.
    pub period: Period,
    /// If it is in a series, or was.
    pub series: Option<SeriesFields>,
    /// The occurrences that were skipped, with `on_conflict=skip`.
    pub skipped: Option<&'a Clashes>,
    /// What PUT replaced.
    pub replaced: Option<&'a ReplacedEntry<'a>>,
}

impl<'a> WrittenEntry<'a> {
    /// An entry in no series, which replaces none.
    pub const fn new(who: &'a str, period: Period) -> Self {
        Self { who, period, series: None, skipped: None, replaced: None }
    }
}

/// Appends the start of a reply about an entry, up to its hours.
pub(crate) fn open_entry_reply(out: &mut Vec<u8>, who: &str, period: Period) {
    out.extend_from_slice(b"OK {\"name\":");
    json::write_id(out, who);
    out.push(b',');
    write_slot(out, period.start());
    if let Some(hours) = period.hours().above_one() {
        out.extend_from_slice(b",\"hours\":");
        json::write_number(out, hours.get());
    }
}

/// Appends the fields of a series, each with a comma before it.
pub(crate) fn write_series(out: &mut Vec<u8>, series: SeriesFields) {
    if let Some(id) = series.series {
        out.extend_from_slice(b",\"series\":\"");
        id.write(out);
        out.push(b'"');
    }
    out.extend_from_slice(b",\"occurrences\":");
    json::write_number(out, series.occurrences);
}

/// Appends the end of the reply to a new entry, from its series on.
pub(crate) fn close_entry_reply(out: &mut Vec<u8>, entry: &WrittenEntry<'_>) {
    if let Some(series) = entry.series {
        write_series(out, series);
    }
    if let Some(skipped) = entry.skipped {
        out.extend_from_slice(b",\"skipped\":");
        skipped.write(out);
        out.extend_from_slice(b",\"skipped_count\":");
        json::write_number(out, skipped.count());
    }
    if let Some(replaced) = entry.replaced {
        out.extend_from_slice(b",\"replaced\":");
        json::write_value(out, replaced);
    }
    out.extend_from_slice(b"}\n");
}
