//! Events and their tickets.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{LineKind, dates};
use crate::date::Date;
use crate::json;
use crate::ticket::{TICKET_ID_CHARS, TicketId};

/// An event: the answer to CREATE and `GET <event-id>`, and a row of the listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReply<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its day, written `2026-12-31`.
    #[serde(with = "dates::iso")]
    pub date: Date,
    /// Tickets it was made with.
    pub total_tickets: u32,
    /// Tickets that are left.
    pub available_tickets: u32,
}

/// The answer to BOOK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookReply<'a> {
    /// The event.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The tickets that were bought, as many as were asked for.
    pub tickets: Vec<TicketId>,
    /// Tickets that are left.
    pub available_tickets: u32,
}

/// The answer to TICKET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketReply<'a> {
    /// The ticket.
    pub ticket: TicketId,
    /// The event it is for.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
}

/// All of an [`EventReply`] but its last number and the closing brace: it never changes, so the server keeps it with the
/// event and [`write_event_reply`] adds the rest.
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

/// Appends an [`EventReply`] as a whole line, from what [`event_reply_prefix`] made of it and the tickets that are left.
pub fn write_event_reply(out: &mut Vec<u8>, prefix: &str, available_tickets: u32, kind: LineKind) {
    out.extend_from_slice(kind.prefix());
    out.extend_from_slice(prefix.as_bytes());
    json::write_number(out, available_tickets);
    out.extend_from_slice(b"}\n");
}

/// Appends [`BookReply`] as a whole `OK` line; the tickets, at least one, by the bytes of their ids, as the server draws and
/// records them.
pub fn write_book_reply(out: &mut Vec<u8>, event_id: &str, tickets: &[[u8; 16]], available_tickets: u32) {
    out.reserve(80 + event_id.len() + tickets.len() * (TICKET_ID_CHARS + 3));
    if let Some((first, others)) = tickets.split_first() {
        open_book_reply(out, event_id, *first);
        write_tickets(out, others);
        close_book_reply(out, available_tickets);
    }
}

/// Appends a [`BookReply`] up to its first ticket, which every booking has.
#[inline]
pub fn open_book_reply(out: &mut Vec<u8>, event_id: &str, first: [u8; 16]) {
    // An id has nothing in it to escape.
    out.extend_from_slice(b"OK {\"event_id\":\"");
    out.extend_from_slice(event_id.as_bytes());
    out.extend_from_slice(b"\",\"tickets\":[\"");
    TicketId(first).write(out);
}

/// Appends more tickets of a [`BookReply`], behind the first.
#[inline]
pub fn write_tickets(out: &mut Vec<u8>, tickets: &[[u8; 16]]) {
    for ticket in tickets {
        out.extend_from_slice(b"\",\"");
        TicketId(*ticket).write(out);
    }
}

/// Appends what stands behind the tickets of a [`BookReply`].
#[inline]
pub fn close_book_reply(out: &mut Vec<u8>, available_tickets: u32) {
    out.extend_from_slice(b"\"],\"available_tickets\":");
    json::write_number(out, available_tickets);
    out.extend_from_slice(b"}\n");
}
