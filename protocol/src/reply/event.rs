//! Replies about events and tickets.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{LineKind, dates};
use crate::date::Date;
use crate::json;
use crate::limits::BOOKING_TICKETS_MAX;
use crate::ticket::{TICKET_ID_CHARS, TicketId};

// The source of the figure in the documentation of BOOKING_TICKETS_MAX: 39 bytes a ticket.
const _: () = assert!(BOOKING_TICKETS_MAX as usize * TICKET_JSON_BYTES < 400_000);

/// Bytes of a ticket in a [`BookReply`]: its id, two quotes and a comma.
const TICKET_JSON_BYTES: usize = TICKET_ID_CHARS + "\"\",".len();

/// An event: the reply to CREATE and `GET <event-id>`, and a row of the listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReply<'a> {
    /// The id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// The date, written `yyyy-mm-dd`.
    #[serde(with = "dates::iso")]
    pub date: Date,
    /// Tickets of the event, sold or not.
    pub total_tickets: u32,
    /// Tickets that are left.
    pub available_tickets: u32,
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

/// The reply to TICKET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReply<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The event of the ticket.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
}

/// The JSON of an [`EventReply`] up to `available_tickets`, the only field that changes. The server keeps it
/// with the event, and [`write_event_reply`] completes it.
pub fn event_reply_prefix(id: &str, name: &str, date: Date, total_tickets: u32) -> String {
    let mut out = Vec::with_capacity(80 + id.len() + name.len());
    out.extend_from_slice(b"{\"id\":");
    json::write_string(&mut out, id);
    out.extend_from_slice(b",\"name\":");
    json::write_string(&mut out, name);
    out.extend_from_slice(b",\"date\":\"");
    date.write_iso(&mut out);
    out.extend_from_slice(b"\",\"total_tickets\":");
    json::write_number(&mut out, total_tickets);
    out.extend_from_slice(b",\"available_tickets\":");
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends an [`EventReply`] as a line. `prefix` is from [`event_reply_prefix`].
pub fn write_event_reply(out: &mut Vec<u8>, prefix: &str, available_tickets: u32, kind: LineKind) {
    out.extend_from_slice(kind.prefix());
    out.extend_from_slice(prefix.as_bytes());
    json::write_number(out, available_tickets);
    out.extend_from_slice(b"}\n");
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
