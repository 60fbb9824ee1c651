//! DELETE.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, validated};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::id::Id;
use crate::json;
use crate::needs::Needs;
use crate::period::{Hours, Period};
use crate::refusal::Refusal;
use crate::reply::changed_entry::{open_entry_reply, write_series};
use crate::reply::{SeriesFields, dates};
use crate::role::Role;
use crate::series::Scope;

/// Deletes an entry or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delete<'a> {
    /// `DELETE <who> <date> <time>`: delete an entry.
    Entry {
        /// The owner of the block, or the host of the meeting.
        who: Id<'a>,
        /// An hour of the entry.
        slot: Slot,
        /// Which occurrences of the series are deleted. `None` is the named entry, be it in a series or not.
        scope: Option<Scope>,
    },
    /// `DELETE <event-id>`: delete an event.
    Event {
        /// The event.
        event: Id<'a>,
        /// Delete it also if it has valid tickets or holds, and these with it.
        drop_tickets: bool,
    },
}

const ENTRY: CommandForm = CommandForm {
    usage: "DELETE <who> <date> <time> [series=this|following|all] [key=<key>]",
    help: "deletes who's block, or the meeting that who hosts, for everyone in it; series= deletes the later \
           or all occurrences of its series with it",
    topic: Topic::Calendars,
    needs: Needs::Calendar,
    example: "DELETE F1 2026-11-27 10:00",
};

const EVENT: CommandForm = CommandForm {
    usage: "DELETE <event-id> [tickets=drop] [key=<key>]",
    help: "deletes an event that has no valid tickets and no holds; tickets=drop deletes them with it",
    topic: Topic::Tickets,
    needs: Needs::Role(Role::Organizer),
    example: "DELETE rustconf",
};

impl<'a> Command<'a> for Delete<'a> {
    const FORMS: &'static [CommandForm] = &[ENTRY, EVENT];
    const CHANGES: bool = true;

    fn needs(&self) -> Needs {
        match self {
            Self::Entry { .. } => ENTRY.needs,
            Self::Event { .. } => EVENT.needs,
        }
    }

    fn is_own_of(&self, person: &str) -> bool {
        matches!(self, Self::Entry { who, .. } if who.as_str() == person)
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let id = args.next_word("who or event-id")?;
        if args.has_next()? {
            args.set_form(&ENTRY);
            let (who, slot) = (validated("who", id, Id::new)?, args.next_slot()?);
            Ok(Self::Entry { who, slot, scope: args.option_value("series")? })
        } else {
            args.set_form(&EVENT);
            let event = validated("event-id", id, Id::new)?;
            Ok(Self::Event { event, drop_tickets: args.option_flag("tickets", "drop")? })
        }
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        match self {
            Self::Entry { who, slot, scope } => {
                line.argument(who);
                line.argument(slot);
                line.option("series", scope.as_ref());
            }
            Self::Event { event, drop_tickets } => {
                line.argument(event);
                line.option_flag("tickets", "drop", *drop_tickets);
            }
        }
    }
}

/// The reply to DELETE of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteReply<'a> {
    /// The requester.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The day, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The first hour.
    pub time: Hour,
    /// How many hours it had, if more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// If it was in a series.
    #[serde(flatten)]
    pub series: Option<SeriesFields>,
    /// The kind of the deleted entry.
    pub deleted: EntryKind,
}

/// Appends a [`DeleteReply`] as an `OK` line.
pub fn write_delete_reply(
    out: &mut Vec<u8>,
    who: &str,
    period: Period,
    series: Option<SeriesFields>,
    deleted: EntryKind,
) {
    open_entry_reply(out, who, period);
    if let Some(series) = series {
        write_series(out, series);
    }
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

/// The reply to DELETE of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedEventReply<'a> {
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// What was deleted, which tells this reply from a [`DeleteReply`].
    pub deleted: EventKind,
    /// Valid tickets that were deleted with it.
    pub tickets: u32,
    /// Holds that were deleted with it.
    pub holds: u32,
}

/// The kind of what DELETE of an event deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// An event.
    Event,
}

/// Appends a [`DeletedEventReply`] as an `OK` line.
pub fn write_deleted_event_reply(out: &mut Vec<u8>, event_id: &str, tickets: u32, holds: u32) {
    out.extend_from_slice(b"OK {\"event_id\":");
    json::write_id(out, event_id);
    out.extend_from_slice(b",\"deleted\":\"event\",\"tickets\":");
    json::write_number(out, tickets);
    out.extend_from_slice(b",\"holds\":");
    json::write_number(out, holds);
    out.extend_from_slice(b"}\n");
}
