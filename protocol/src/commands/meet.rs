//! MEET.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use super::line_writer::LineWriter;
use super::meeting::RequestedMeeting;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::refusal::Refusal;
use crate::reply::entry::{close_entry_reply, open_entry_reply, write_meeting};
use crate::reply::{EntryFields, Members, ReplacedEntry, dates};

/// Schedules a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meet<'a> {
    /// The requester, who takes part.
    pub who: Id<'a>,
    /// The hour.
    pub slot: Slot,
    /// The meeting.
    pub meeting: RequestedMeeting<'a>,
}

impl<'a> Command<'a> for Meet<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "MEET <who> <date> <time> <title> <group> [<host>|host=<id>] [key=<key>]",
        help: "schedules a meeting of who, the host (who unless given) and everyone in the group, \
               for all or none",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let who = args.next_id("who")?;
        let slot = args.next_slot()?;
        let meeting = RequestedMeeting::parse(args, &who)?;
        Ok(Self { who, slot, meeting })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        line.argument(&self.slot);
        self.meeting.write_arguments(line, &self.who);
    }
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
