//! DELETE.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::refusal::Refusal;
use crate::reply::dates;
use crate::reply::entry::open_entry_reply;

/// Deletes an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete<'a> {
    /// The owner of the block, or the host of the meeting.
    pub who: Id<'a>,
    /// The hour.
    pub slot: Slot,
}

impl<'a> Command<'a> for Delete<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "DELETE <who> <date> <time>",
        help: "deletes who's block, or the meeting that who hosts, for everyone in it",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { who: args.next_id("who")?, slot: args.next_slot()? })
    }
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

/// Appends a [`DeleteReply`] as an `OK` line.
pub fn write_delete_reply(out: &mut Vec<u8>, who: &str, slot: Slot, deleted: EntryKind) {
    open_entry_reply(out, who, slot);
    out.extend_from_slice(match deleted {
        EntryKind::Block => b",\"deleted\":\"block\"}\n",
        EntryKind::Meeting => b",\"deleted\":\"meeting\"}\n",
    });
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
