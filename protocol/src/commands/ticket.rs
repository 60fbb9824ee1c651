//! TICKET.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::json;
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::reply::dates;
use crate::role::Role;
use crate::ticket::{TicketId, TicketStatus};
use crate::timestamp::{Timestamp, write_at};

/// Shows a ticket and its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket.
    pub ticket: TicketId,
}

impl Command<'_> for Ticket {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "TICKET <ticket-id>",
        help: "shows which event a ticket is for, whom it is for, and whether it is valid",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Door),
        example: "TICKET 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
    }];

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        Ok(Self { ticket: args.next_value("ticket-id")? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        line.argument(&self.ticket);
    }
}

/// The reply to TICKET and CHECKIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReply<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The event of the ticket.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The status.
    pub status: TicketStatus,
    /// When the ticket got its status, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Whom the ticket is for.
    #[serde(borrow, default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub attendee: Option<Cow<'a, str>>,
    /// The name of the event.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The date of the event, written `yyyy-mm-dd`.
    #[serde(with = "dates::iso")]
    pub date: Date,
}

/// The values of a [`TicketReply`], as the server has them.
#[derive(Clone, Copy, Debug)]
pub struct WrittenTicket<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The event of the ticket.
    pub event_id: &'a str,
    /// The status.
    pub status: TicketStatus,
    /// When the ticket got its status, if that is known.
    pub at: Option<Timestamp>,
    /// Whom the ticket is for.
    pub attendee: Option<&'a str>,
    /// The name and the date of the event, from [`crate::reply::name_and_date`].
    pub name_and_date: &'a str,
}

/// Appends a [`TicketReply`] as an `OK` line.
pub fn write_ticket_reply(out: &mut Vec<u8>, ticket: &WrittenTicket<'_>) {
    out.extend_from_slice(b"OK {\"ticket\":\"");
    ticket.ticket.write(out);
    out.extend_from_slice(b"\",\"event_id\":");
    json::write_id(out, ticket.event_id);
    write_ticket_state(out, ticket.status, ticket.at, ticket.attendee);
    out.push(b',');
    out.extend_from_slice(ticket.name_and_date.as_bytes());
    out.extend_from_slice(b"}\n");
}

/// Appends the fields that TICKET and TICKETS share, with a comma before each.
pub(super) fn write_ticket_state(
    out: &mut Vec<u8>,
    status: TicketStatus,
    at: Option<Timestamp>,
    attendee: Option<&str>,
) {
    out.extend_from_slice(b",\"status\":");
    json::write_id(out, status.as_str());
    write_at(out, at);
    if let Some(attendee) = attendee {
        out.extend_from_slice(b",\"for\":");
        json::write_string(out, attendee);
    }
}
