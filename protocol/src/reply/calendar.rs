//! Entries of people's calendars.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dates;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::json;
use crate::limits::GROUP_IDS_MAX;

/// Ids joined by commas, as [`crate::Group`] keeps them; a list of strings in JSON. Nobody is the empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a>(pub Cow<'a, str>);

impl Members<'_> {
    /// The ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        members(&self.0)
    }

    /// Whether there is nobody: a block and no meeting.
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

/// The answer to BLOCK, and to PUT … BLOCK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReply<'a> {
    /// The person.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `31-12-2026`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// What PUT replaced.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedEntry<'a>>,
}

/// The answer to MEET, and to PUT … MEET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetReply<'a> {
    /// Who asked for it.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `31-12-2026`.
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

/// The entry that PUT replaced: where it was, and what it was if it was no block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedEntry<'a> {
    /// The day, written `31-12-2026`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// The meeting.
    #[serde(borrow, flatten)]
    pub meeting: Option<ReplacedMeeting<'a>>,
}

/// A meeting that PUT replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedMeeting<'a> {
    /// What it was.
    #[serde(borrow, flatten)]
    pub meet: EntryFields<'a>,
    /// Everyone who was in it and is not in the new entry.
    pub removed: Members<'a>,
}

/// What is at an hour: a meeting, or a block, which has no title, nobody in its group and its owner as host.
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

/// An occupied hour of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEntry<'a> {
    /// The hour.
    pub time: Hour,
    /// What is there.
    #[serde(borrow)]
    pub meet: EntryFields<'a>,
}

/// The answer to `GET <who> <date>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReply<'a> {
    /// The person.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `31-12-2026`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The occupied hours, earliest first.
    #[serde(borrow)]
    pub schedule: Vec<DayEntry<'a>>,
}

/// A row of HOD: a slot that has meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HodRow<'a> {
    /// The day, written `31-12-2026`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// The meetings of all people at that hour.
    #[serde(borrow)]
    pub meetings: Vec<EntryFields<'a>>,
}

/// The answer to DELETE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteReply<'a> {
    /// Who asked for it.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `31-12-2026`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour.
    pub time: Hour,
    /// What was there.
    pub deleted: EntryKind,
}

/// What a slot held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// An hour kept free.
    Block,
    /// A meeting.
    Meeting,
}

/// Appends [`BlockReply`] as a whole `OK` line.
pub fn write_block_reply(out: &mut Vec<u8>, who: &str, slot: Slot, replaced: Option<&ReplacedEntry<'_>>) {
    open(out, who, slot);
    close(out, replaced);
}

/// Appends [`MeetReply`] as a whole `OK` line.
pub fn write_meet_reply(
    out: &mut Vec<u8>,
    who: &str,
    slot: Slot,
    meet: &EntryFields<'_>,
    replaced: Option<&ReplacedEntry<'_>>,
) {
    open(out, who, slot);
    out.push(b',');
    write_meeting(out, &meet.title, &meet.group.0, &meet.host);
    close(out, replaced);
}

/// Appends a [`HodRow`] as a whole `ROW` line; of each meeting its title, its group as [`crate::Group::as_str`] has
/// it, and its host.
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

/// Appends what stands before the meetings of a [`HodRow`].
pub fn open_hod_row(out: &mut Vec<u8>, slot: Slot) {
    out.extend_from_slice(b"ROW {");
    write_slot(out, slot);
    out.extend_from_slice(b",\"meetings\":[");
}

/// Appends what stands behind the meetings of a [`HodRow`].
pub fn close_hod_row(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}

/// Appends what stands before the schedule of a [`DayReply`].
pub fn open_day_reply(out: &mut Vec<u8>, who: &str, date: Date) {
    out.extend_from_slice(b"OK {\"name\":");
    json::write_id(out, who);
    out.extend_from_slice(b",\"date\":\"");
    date.write_dmy(out);
    out.extend_from_slice(b"\",\"schedule\":[");
}

/// Appends what stands before the meet of a [`DayEntry`], the first of a day or one behind others.
pub fn open_day_entry(out: &mut Vec<u8>, time: Hour, is_first: bool) {
    out.extend_from_slice(if is_first { b"{\"time\":\"" } else { b",{\"time\":\"" });
    time.write(out);
    out.extend_from_slice(b"\",\"meet\":");
}

/// Appends what stands behind the meet of a [`DayEntry`].
pub fn close_day_entry(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Appends what stands behind the schedule of a [`DayReply`].
pub fn close_day_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}\n");
}

/// Appends an [`EntryFields`], or goes on with it where `written` says, until it is whole or `out` has `enough` bytes. Says
/// whether it is whole. `written` is nothing at first, and not to be looked into.
pub fn write_entry_fields(
    out: &mut Vec<u8>,
    (title, group, host): (&str, &str, &str),
    written: &mut Option<usize>,
    enough: usize,
) -> bool {
    let from = written.unwrap_or_else(|| {
        out.push(b'{');
        open_meeting(out, title);
        0
    });
    let to = write_members(out, group, from, enough);
    *written = Some(to);
    if to < group.len() {
        return false;
    }
    close_meeting(out, host);
    out.push(b'}');
    true
}

/// No more bytes than this are written of an [`EntryFields`].
pub fn entry_fields_bytes_max(title: &str, group: &str, host: &str) -> usize {
    /// Names of fields, quotes and braces.
    const FIELDS: usize = 48;
    /// `\u0000` for one byte is the most that an escape adds.
    const ESCAPE: usize = 6;
    // A member has two quotes, and a comma that the group has too.
    let members = GROUP_IDS_MAX.min(group.len() / 2 + 1);
    FIELDS + ESCAPE * title.len() + group.len() + 2 * members + host.len()
}

/// The fields of an [`EntryFields`].
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

/// Appends the members from a byte of the group on, until `out` has `enough` bytes; says up to where they are written.
fn write_members(out: &mut Vec<u8>, group: &str, from: usize, enough: usize) -> usize {
    let mut at = from;
    while at < group.len() && out.len() < enough {
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

/// The fields that all entries begin with.
fn open(out: &mut Vec<u8>, who: &str, slot: Slot) {
    out.extend_from_slice(b"OK {\"name\":");
    json::write_id(out, who);
    out.push(b',');
    write_slot(out, slot);
}

/// What all entries end with.
fn close(out: &mut Vec<u8>, replaced: Option<&ReplacedEntry<'_>>) {
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
