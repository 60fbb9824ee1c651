//! HOLD.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, validated};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::hold::{HoldId, HoldStatus};
use crate::id::Id;
use crate::json;
use crate::limits::{BOOKING_TICKETS_MAX, HOLD_SECONDS_DEFAULT, HOLD_SECONDS_MAX};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::text::Text;
use crate::timestamp::Timestamp;

/// Puts tickets aside, or shows a hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold<'a> {
    /// `HOLD <event-id> <n>`: put tickets aside.
    Create {
        /// The event.
        event: Id<'a>,
        /// The number of tickets, 1 to [`BOOKING_TICKETS_MAX`].
        count: u32,
        /// The seconds until the hold expires, 1 to [`HOLD_SECONDS_MAX`].
        ttl_seconds: u32,
        /// Whom the tickets are for.
        attendee: Option<Text<'a>>,
    },
    /// `HOLD <hold-id>`: show a hold.
    Show {
        /// The hold.
        hold: HoldId,
    },
}

const CREATE: CommandForm = CommandForm {
    usage: "HOLD <event-id> <n> [ttl=<seconds>] [for=<name>] [key=<key>]",
    help: "puts n tickets aside for 300 seconds, or as many as ttl= says, until CONFIRM buys them",
    topic: Topic::Tickets,
    needs: Needs::Role(Role::Seller),
    example: "HOLD rustconf 2 ttl=300",
};

const SHOW: CommandForm = CommandForm {
    usage: "HOLD <hold-id> [key=<key>]",
    help: "shows a hold: its tickets, its deadline and its status",
    topic: Topic::Tickets,
    needs: Needs::Role(Role::Seller),
    example: "HOLD 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
};

// The source of the figure in the help.
const _: () = assert!(HOLD_SECONDS_DEFAULT == 300);

impl<'a> Command<'a> for Hold<'a> {
    const FORMS: &'static [CommandForm] = &[CREATE, SHOW];
    const CHANGES: bool = true;

    fn changes(&self) -> bool {
        matches!(self, Self::Create { .. })
    }

    fn needs(&self) -> Needs {
        match self {
            Self::Create { .. } => CREATE.needs,
            Self::Show { .. } => SHOW.needs,
        }
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        let id = args.next_word("event-id or hold-id")?;
        if args.has_next()? {
            args.set_form(&CREATE);
        } else if let Ok(hold) = id.parse() {
            args.set_form(&SHOW);
            return Ok(Self::Show { hold });
        }
        Ok(Self::Create {
            event: validated("event-id", id, Id::new)?,
            count: args.next_number("n", BOOKING_TICKETS_MAX)?,
            ttl_seconds: args.option_number("ttl", HOLD_SECONDS_MAX)?.unwrap_or(HOLD_SECONDS_DEFAULT),
            attendee: args.option_text("for")?,
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        match self {
            Self::Create { event, count, ttl_seconds, attendee } => {
                line.argument(event);
                line.argument(count);
                line.option_unless_default("ttl", ttl_seconds, &HOLD_SECONDS_DEFAULT);
                line.option("for", attendee.as_ref());
            }
            Self::Show { hold } => line.argument(hold),
        }
    }
}

/// The reply to `HOLD <event-id> <n>` and to EXTEND.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldReply<'a> {
    /// The hold.
    pub hold_id: HoldId,
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The number of tickets that are held.
    pub tickets: u32,
    /// The deadline of the hold.
    pub expires_at: Timestamp,
    /// Tickets of the event that are left.
    pub available_tickets: u32,
}

/// The reply to `HOLD <hold-id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldStatusReply<'a> {
    /// The hold.
    pub hold_id: HoldId,
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The number of tickets that are held, or were held when the hold ended.
    pub tickets: u32,
    /// The deadline of the hold.
    pub expires_at: Timestamp,
    /// The status.
    pub status: HoldStatus,
}

/// Appends a [`HoldReply`] as an `OK` line.
pub fn write_hold_reply(out: &mut Vec<u8>, reply: &HoldReply<'_>) {
    out.extend_from_slice(b"OK {\"hold_id\":\"");
    reply.hold_id.write(out);
    out.extend_from_slice(b"\",\"event_id\":");
    json::write_id(out, &reply.event_id);
    out.extend_from_slice(b",\"tickets\":");
    json::write_number(out, reply.tickets);
    out.extend_from_slice(b",\"expires_at\":\"");
    reply.expires_at.write(out);
    out.extend_from_slice(b"\",\"available_tickets\":");
    json::write_number(out, reply.available_tickets);
    out.extend_from_slice(b"}\n");
}
