//! Entries of calendars in replies: what the replies of several commands have in common.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dates;
use super::members::Members;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::json;
use crate::limits::{ENTRY_HOURS_MAX, GROUP_IDS_MAX};
use crate::period::{Hours, Period};
use crate::series::SeriesId;

/// The fields of a meeting or a block. A block has an empty title and an empty group, and its owner is the
/// host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFields<'a> {
    /// The title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// The members.
    pub group: Members<'a>,
    /// The host.
    #[serde(borrow)]
    pub host: Cow<'a, str>,
}

impl EntryFields<'_> {
    /// Whether the entry is a block. A meeting has a title or a group.
    pub fn is_block(&self) -> bool {
        self.title.is_empty() && self.group.is_empty()
    }
}

/// Where an entry is, in an object about one of the hours that it fills. The hour itself is beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlace {
    /// The first hour, if the entry has several.
    #[serde(default, with = "dates::slot", skip_serializing_if = "Option::is_none")]
    pub from: Option<Slot>,
    /// The number of hours, if it is above one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The series, if the entry is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesId>,
}

/// Bytes of the fields of an [`EntryPlace`] as written, at the most.
pub const ENTRY_PLACE_BYTES_MAX: usize = 72;

const _: () = {
    const FIELDS: &str = r#""from":"31-12-2026 09:00","hours":24,"series":"0123456789abcdef","#;
    assert!(FIELDS.len() <= ENTRY_PLACE_BYTES_MAX && ENTRY_HOURS_MAX < 100);
};

impl EntryPlace {
    /// The place of an entry that fills this period.
    pub fn of(period: Period, series: Option<SeriesId>) -> Self {
        let hours = period.hours().above_one();
        Self { from: hours.map(|_| period.start()), hours, series }
    }

    /// Appends the fields, each with a comma behind it.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        if let Some(from) = self.from {
            out.extend_from_slice(b"\"from\":\"");
            from.date.write_dmy(out);
            out.push(b' ');
            from.hour.write(out);
            out.extend_from_slice(b"\",");
        }
        if let Some(hours) = self.hours {
            out.extend_from_slice(b"\"hours\":");
            json::write_number(out, hours.get());
            out.push(b',');
        }
        if let Some(series) = self.series {
            out.extend_from_slice(b"\"series\":\"");
            series.write(out);
            out.extend_from_slice(b"\",");
        }
    }
}

/// The entry that PUT replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedEntry<'a> {
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The first hour.
    pub time: Hour,
    /// How many hours it had, if more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// The meeting, if the entry was one.
    #[serde(borrow, flatten)]
    pub meeting: Option<ReplacedMeeting<'a>>,
}

/// A meeting that PUT replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedMeeting<'a> {
    /// The meeting.
    #[serde(borrow, flatten)]
    pub meet: EntryFields<'a>,
    /// Everyone who was in the meeting and is not in the new entry.
    pub removed: Members<'a>,
}

/// Appends an [`EntryFields`] that begins with the fields of `place`, in several calls if it is long. Each
/// call stops after the member with which `out` reaches `bytes_target`. Returns whether the object is
/// complete.
///
/// `progress` is `None` for the first call, and opaque to the caller: the offset in the group that was
/// reached.
pub fn write_entry_fields(
    out: &mut Vec<u8>,
    place: EntryPlace,
    (title, group, host): (&str, &str, &str),
    progress: &mut Option<usize>,
    bytes_target: usize,
) -> bool {
    let from = progress.unwrap_or_else(|| {
        out.push(b'{');
        place.write(out);
        open_meeting(out, title);
        0
    });
    let to = write_members(out, group, from, bytes_target);
    *progress = Some(to);
    if to < group.len() {
        return false;
    }
    close_meeting(out, host);
    out.push(b'}');
    true
}

/// An upper bound of the bytes of an [`EntryFields`] with these values.
pub fn entry_fields_bytes_max(title: &str, group: &str, host: &str) -> usize {
    /// The names of the fields, quotes, brackets and braces.
    const FIELDS: usize = 48;
    const _: () = assert!(r#"{"title":"","group":[],"host":""}"#.len() <= FIELDS);
    /// The longest escape of one byte, as in `\u007f`.
    const ESCAPE: usize = 6;
    // A member has two quotes. Its comma is one of the group.
    let members = GROUP_IDS_MAX.min(group.len() / 2 + 1);
    FIELDS + ESCAPE * title.len() + group.len() + 2 * members + host.len()
}

/// Appends the fields of an [`EntryFields`] without braces.
pub(crate) fn write_meeting(out: &mut Vec<u8>, title: &str, group: &str, host: &str) {
    open_meeting(out, title);
    write_members(out, group, 0, usize::MAX);
    close_meeting(out, host);
}

fn open_meeting(out: &mut Vec<u8>, title: &str) {
    out.extend_from_slice(b"\"title\":");
    json::write_string(out, title);
    out.extend_from_slice(b",\"group\":[");
}

/// Appends members, from an offset in the group on, until `out` has `bytes_target` bytes. Returns the offset
/// of the next member.
fn write_members(out: &mut Vec<u8>, group: &str, from: usize, bytes_target: usize) -> usize {
    let mut at = from;
    while at < group.len() && out.len() < bytes_target {
        let rest = &group[at..];
        let member = rest.split_once(',').map_or(rest, |(member, _)| member);
        if at > 0 {
            out.push(b',');
        }
        json::write_id(out, member);
        at += member.len() + 1;
    }
    at
}

fn close_meeting(out: &mut Vec<u8>, host: &str) {
    out.extend_from_slice(b"],\"host\":");
    json::write_id(out, host);
}

pub(crate) fn write_slot(out: &mut Vec<u8>, slot: Slot) {
    out.extend_from_slice(b"\"date\":\"");
    slot.date.write_dmy(out);
    out.extend_from_slice(b"\",\"time\":\"");
    slot.hour.write(out);
    out.push(b'"');
}
