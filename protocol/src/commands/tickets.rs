//! TICKETS. The final line of its reply is a [`crate::reply::CountReply`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use super::ticket::write_ticket_state;
use crate::cursor::TicketCursor;
use crate::id::Id;
use crate::limits::LISTING_ROWS_MAX;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::tagged_id;
use crate::text::Text;
use crate::ticket::{StatusFilter, TICKET_ID_CHARS, TicketId, TicketStatus};
use crate::timestamp::Timestamp;

/// Characters of a ticket id that a row has unless whole ids are requested: enough to tell the tickets of an
/// event apart at the door, and too few to use one.
const SHORT_ID_CHARS: usize = 6;

/// Lists the tickets of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tickets<'a> {
    /// The event.
    pub event: Id<'a>,
    /// List the tickets with these statuses only.
    pub status: StatusFilter,
    /// List the tickets only whose attendee has this text in the name, in any case.
    pub attendee: Option<Text<'a>>,
    /// List whole ids. Otherwise a row has the last characters of the id.
    pub ids: bool,
    /// The maximum number of rows, 1 to [`LISTING_ROWS_MAX`].
    pub limit: Option<u32>,
    /// The position that the listing begins at.
    pub after: Option<TicketCursor>,
}

impl<'a> Command<'a> for Tickets<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "TICKETS <event-id> [status=booked|checked_in|cancelled|all] [for=<text>] [ids=yes] \
                [limit=<n>] [after=<cursor>]",
        help: "lists the valid tickets of an event for the door, or those that status= says; for= searches \
               the names, ids=yes shows whole ids, after=<next> continues a listing that limit ended",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Door),
        example: "TICKETS rustconf for=Lovelace",
    }];

    /// Whole ids are enough to use a ticket.
    fn needs(&self) -> Needs {
        if self.ids { Needs::Role(Role::Seller) } else { Self::FORMS[0].needs }
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self {
            event: args.next_id("event-id")?,
            status: args.option_value("status")?.unwrap_or_default(),
            attendee: args.option_text("for")?,
            ids: args.option_flag("ids", "yes")?,
            limit: args.option_number("limit", LISTING_ROWS_MAX)?,
            after: args.option_value("after")?,
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.event);
        line.option("status", self.status.as_str());
        line.option("for", self.attendee.as_ref());
        line.option_flag("ids", "yes", self.ids);
        line.option("limit", self.limit.as_ref());
        line.option("after", self.after.map(TicketCursor::encode).as_deref());
    }
}

/// A row of TICKETS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRow<'a> {
    /// The whole id of the ticket, or its last 6 characters.
    #[serde(borrow)]
    pub ticket: Cow<'a, str>,
    /// The status.
    pub status: TicketStatus,
    /// When the ticket got its status, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whom the ticket is for.
    #[serde(borrow, default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub attendee: Option<Cow<'a, str>>,
}

/// Appends a [`TicketRow`] as a `ROW` line.
pub fn write_ticket_row(
    out: &mut Vec<u8>,
    ticket: TicketId,
    whole_id: bool,
    status: TicketStatus,
    at: Option<Timestamp>,
    attendee: Option<&str>,
) {
    let id = tagged_id::written(ticket.0);
    out.extend_from_slice(b"ROW {\"ticket\":\"");
    out.extend_from_slice(if whole_id { &id } else { &id[TICKET_ID_CHARS - SHORT_ID_CHARS..] });
    out.push(b'"');
    write_ticket_state(out, status, at, attendee);
    out.extend_from_slice(b"}\n");
}
