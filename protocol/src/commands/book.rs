//! BOOK.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::command::Command;
use super::form::CommandForm;
use crate::id::Id;
use crate::json;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::refusal::Refusal;
use crate::ticket::{TICKET_ID_CHARS, TicketId};

// The source of the figure in the documentation of BOOKING_TICKETS_MAX: 39 bytes a ticket.
const _: () = assert!(BOOKING_TICKETS_MAX as usize * TICKET_JSON_BYTES < 400_000);

/// Bytes of a ticket in a [`BookReply`]: its id, two quotes and a comma.
const TICKET_JSON_BYTES: usize = TICKET_ID_CHARS + "\"\",".len();

/// Buys tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book<'a> {
    /// The event.
    pub event: Id<'a>,
    /// The number of tickets, 1 to [`BOOKING_TICKETS_MAX`].
    pub count: u32,
}

impl<'a> Command<'a> for Book<'a> {
    const FORMS: &'static [CommandForm] =
        &[CommandForm { usage: "BOOK <event-id> <n>", help: "buys n tickets of an event, all or none" }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { event: args.next_id("event-id")?, count: args.next_number("n", BOOKING_TICKETS_MAX)? })
    }
}

/// The reply to BOOK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookReply<'a> {
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The tickets that were sold, as many as were requested.
    pub tickets: Vec<TicketId>,
    /// Tickets that are left.
    pub available_tickets: u32,
}

/// Appends a [`BookReply`] as an `OK` line. `tickets` are the bytes of the ticket ids; without any, nothing
/// is appended.
pub fn write_book_reply(out: &mut Vec<u8>, event_id: &str, tickets: &[[u8; 16]], available_tickets: u32) {
    out.reserve(80 + event_id.len() + tickets.len() * TICKET_JSON_BYTES);
    if let Some((first, others)) = tickets.split_first() {
        open_book_reply(out, event_id, *first);
        write_tickets(out, others);
        close_book_reply(out, available_tickets);
    }
}

/// Appends a [`BookReply`] up to and including its first ticket. Every booking has one.
#[inline]
pub fn open_book_reply(out: &mut Vec<u8>, event_id: &str, first: [u8; 16]) {
    // Ids have no characters to escape.
    out.extend_from_slice(b"OK {\"event_id\":\"");
    out.extend_from_slice(event_id.as_bytes());
    out.extend_from_slice(b"\",\"tickets\":[\"");
    TicketId(first).write(out);
}

/// Appends further tickets of a [`BookReply`].
#[inline]
pub fn write_tickets(out: &mut Vec<u8>, tickets: &[[u8; 16]]) {
    for ticket in tickets {
        out.extend_from_slice(b"\",\"");
        TicketId(*ticket).write(out);
    }
}

/// Appends the end of a [`BookReply`], after its tickets.
#[inline]
pub fn close_book_reply(out: &mut Vec<u8>, available_tickets: u32) {
    out.extend_from_slice(b"\"],\"available_tickets\":");
    json::write_number(out, available_tickets);
    out.extend_from_slice(b"}\n");
}
