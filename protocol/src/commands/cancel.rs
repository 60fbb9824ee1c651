//! CANCEL.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::json;
use crate::limits::{CANCELLED_TICKETS_MAX, LINE_BYTES_MAX};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::ticket::{TICKET_ID_CHARS, TicketId, write_ticket_ids};

// The longest CANCEL fits into a line.
const _: () =
    assert!("CANCEL".len() + CANCELLED_TICKETS_MAX * (" ".len() + TICKET_ID_CHARS) < LINE_BYTES_MAX);

/// Cancels tickets, all or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// The tickets, at least one, each once, in the order of their first mention.
    pub tickets: Vec<TicketId>,
}

impl Command<'_> for Cancel {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "CANCEL <ticket-id> [<ticket-id>]… [key=<key>]",
        help: "takes tickets back, all or none, so that their places are on sale again",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Seller),
        example: "CANCEL 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'_>) -> Result<Self, Refusal> {
        let mut tickets = vec![args.next_value("ticket-id")?];
        while args.has_next()? {
            if tickets.len() == CANCELLED_TICKETS_MAX {
                return Err(Refusal::bad_request(format!(
                    "one CANCEL takes back {CANCELLED_TICKETS_MAX} tickets at the most: write another CANCEL \
                     for the others"
                )));
            }
            tickets.push(args.next_value("ticket-id")?);
        }
        if tickets.len() > 1 {
            let mut seen = HashSet::with_capacity(tickets.len());
            tickets.retain(|ticket| seen.insert(*ticket));
        }
        Ok(Self { tickets })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        for ticket in &self.tickets {
            line.argument(ticket);
        }
    }
}

/// The reply to CANCEL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelReply<'a> {
    /// The tickets that were cancelled, each once, in the order of their first mention.
    pub cancelled: Vec<TicketId>,
    /// Their events, each once.
    #[serde(borrow)]
    pub events: Vec<EventAvailability<'a>>,
}

/// The tickets of an event that are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAvailability<'a> {
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// Tickets that are left.
    pub available_tickets: u32,
}

/// Appends a [`CancelReply`] as an `OK` line. An event is its id and the number of its tickets that are left.
pub fn write_cancel_reply<'a>(
    out: &mut Vec<u8>,
    cancelled: &[TicketId],
    events: impl Iterator<Item = (&'a str, u32)>,
) {
    out.extend_from_slice(b"OK {\"cancelled\":");
    write_ticket_ids(out, cancelled);
    out.extend_from_slice(b",\"events\":[");
    for (index, (event_id, available_tickets)) in events.enumerate() {
        out.extend_from_slice(if index > 0 { b",{\"event_id\":" } else { b"{\"event_id\":" });
        json::write_id(out, event_id);
        out.extend_from_slice(b",\"available_tickets\":");
        json::write_number(out, available_tickets);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
}
