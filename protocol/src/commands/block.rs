//! BLOCK.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::refusal::Refusal;
use crate::reply::entry::{close_entry_reply, open_entry_reply};
use crate::reply::{ReplacedEntry, dates};

/// Blocks an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The person.
    pub who: Id<'a>,
    /// The hour.
    pub slot: Slot,
}

impl<'a> Command<'a> for Block<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "BLOCK <who> <date> <time> [key=<key>]",
        help: "blocks an hour of a person's day",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { who: args.next_id("who")?, slot: args.next_slot()? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.who);
        line.argument(&self.slot);
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

/// Appends a [`BlockReply`] as an `OK` line.
pub fn write_block_reply(out: &mut Vec<u8>, who: &str, slot: Slot, replaced: Option<&ReplacedEntry<'_>>) {
    open_entry_reply(out, who, slot);
    close_entry_reply(out, replaced);
}
