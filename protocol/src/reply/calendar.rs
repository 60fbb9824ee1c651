//! Replies about calendars.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dates;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::json;
use crate::limits::GROUP_IDS_MAX;

/// Ids joined by commas, as in [`crate::Group`]. In JSON they are an array of strings. The empty string has
/// no ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a>(pub Cow<'a, str>);

impl Members<'_> {
    /// The ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        members(&self.0)
    }

    /// Whether there are no ids, as in a block.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a str> for Members<'a> {
    fn from(joined: &'a str) -> Self {
        Self(Cow::Borrowed(joined))
    }
}

impl From<String> for Members<'_> {
    fn from(joined: String) -> Self {
        Self(Cow::Owned(joined))
    }
}

fn members(joined: &str) -> impl Iterator<Item = &str> {
    joined.split(',').filter(|member| !member.is_empty())
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Members<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Joined;

        impl<'de> Visitor<'de> for Joined {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of ids")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<String, A::Error> {
                let mut joined = String::new();
                while let Some(id) = ids.next_element::<Cow<'de, str>>()? {
                    if !joined.is_empty() {
                        joined.push(',');
                    }
                    joined.push_str(&id);
                }
                Ok(joined)
            }
        }

        deserializer.deserialize_seq(Joined).map(Self::from)
    }
}

/// The reply to BLOCK and PUT … BLOCK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReply<'a> {
    /// The person.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// What PUT replaced.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedEntry<'a>>,
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
    /// The hour.
    pub time: Hour,
    /// The title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// The members, each once.
    pub group: Members<'a>,
    /// The host.
    #[serde(borrow)]
    pub host: Cow<'a, str>,
    /// What PUT replaced.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedEntry<'a>>,
}

/// The entry that PUT replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedEntry<'a> {
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
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

/// An occupied hour in a [`DayReply`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEntry<'a> {
    /// The hour.
    pub time: Hour,
    /// The entry.
    #[serde(borrow)]
    pub meet: EntryFields<'a>,
}

/// The reply to `GET <who> <date>`.
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

/// A row of HOD: an hour and its meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HodRow<'a> {
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// Meetings of that hour. Several rows may have the same hour.
    #[serde(borrow)]
    pub meetings: Vec<EntryFields<'a>>,
}

/// The reply to DELETE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteReply<'a> {
    /// The requester.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// The kind of the deleted entry.
    pub deleted: EntryKind,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A block.
    Block,
    /// A meeting.
    Meeting,
}

/// Appends a [`BlockReply`] as an `OK` line.
pub fn write_block_reply(out: &mut Vec<u8>, who: &str, slot: Slot, replaced: Option<&ReplacedEntry<'_>>) {
    open_entry_reply(out, who, slot);
    close_entry_reply(out, replaced);
}

/// Appends a [`MeetReply`] as an `OK` line.
pub fn write_meet_reply(
    out: &mut Vec<u8>,
    who: &str,
    slot: Slot,
    meet: &EntryFields<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
) {
    open_entry_reply(out, who, slot);
    out.push(b',');
    write_meeting(out, &meet.title, &meet.group.0, &meet.host);
    close_entry_reply(out, replaced);
}

/// Appends a [`HodRow`] as a `ROW` line. A meeting is its title, its group joined by commas, and its host.
pub fn write_hod_row<'a>(
    out: &mut Vec<u8>,
    slot: Slot,
    meetings: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) {
    open_hod_row(out, slot);
    for (index, meeting) in meetings.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_entry_fields(out, meeting, &mut None, usize::MAX);
    }
    close_hod_row(out);
}

/// Appends the start of a [`HodRow`], up to its meetings.
pub fn open_hod_row(out: &mut Vec<u8>, slot: Slot) {
    out.extend_from_slice(b"ROW {");
    write_slot(out, slot);
    out.extend_from_slice(b",\"meetings\":[");
}

/// Appends the end of a [`HodRow`], after its meetings.
pub fn close_hod_row(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}

/// Appends the start of a [`DayReply`], up to its schedule.
pub fn open_day_reply(out: &mut Vec<u8>, who: &str, date: Date) {
    out.extend_from_slice(b"OK {\"name\":");
    json::write_id(out, who);
    out.extend_from_slice(b",\"date\":\"");
    date.write_dmy(out);
    out.extend_from_slice(b"\",\"schedule\":[");
}

/// Appends the start of a [`DayEntry`], up to its `meet`, with a comma unless it is the first of its day.
pub fn open_day_entry(out: &mut Vec<u8>, time: Hour, is_first: bool) {
    out.extend_from_slice(if is_first { b"{\"time\":\"" } else { b",{\"time\":\"" });
    time.write(out);
    out.extend_from_slice(b"\",\"meet\":");
}

/// Appends the end of a [`DayEntry`], after its `meet`.
pub fn close_day_entry(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Appends the end of a [`DayReply`], after its schedule.
pub fn close_day_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}

/// Appends an [`EntryFields`], in several calls if it is long. Each call stops after the member with which
/// `out` reaches `bytes_target`. Returns whether the object is complete.
///
/// `progress` is `None` for the first call, and opaque to the caller: the offset in the group that was
/// reached.
pub fn write_entry_fields(
    out: &mut Vec<u8>,
    (title, group, host): (&str, &str, &str),
    progress: &mut Option<usize>,
    bytes_target: usize,
) -> bool {
    let from = progress.unwrap_or_else(|| {
        out.push(b'{');
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
fn write_meeting(out: &mut Vec<u8>, title: &str, group: &str, host: &str) {
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

/// Appends the start of a [`BlockReply`] or a [`MeetReply`].
fn open_entry_reply(out: &mut Vec<u8>, who: &str, slot: Slot) {
    out.extend_from_slice(b"OK {\"name\":");
    json::write_id(out, who);
    out.push(b',');
    write_slot(out, slot);
}

/// Appends the end of a [`BlockReply`] or a [`MeetReply`].
fn close_entry_reply(out: &mut Vec<u8>, replaced: Option<&ReplacedEntry<'_>>) {
    if let Some(replaced) = replaced {
        out.extend_from_slice(b",\"replaced\":");
        json::write_value(out, replaced);
    }
    out.extend_from_slice(b"}\n");
}

fn write_slot(out: &mut Vec<u8>, slot: Slot) {
    out.extend_from_slice(b"\"date\":\"");
    slot.date.write_dmy(out);
    out.extend_from_slice(b"\",\"time\":\"");
    slot.hour.write(out);
    out.push(b'"');
}
