//! Events in replies: the reply to CREATE, UPDATE and `GET <event-id>`, and the rows of the listing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dates;
use super::lines::LineKind;
use crate::date::Date;
use crate::json;
use crate::sale_terms::{SaleTerms, Sales};

const TOTAL_TICKETS: &str = ",\"total_tickets\":";
const AVAILABLE_TICKETS: &str = ",\"available_tickets\":";

/// An event: the reply to CREATE, UPDATE and `GET <event-id>`, and a row of the listing.
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
    /// Tickets of the event: those that are left, those that are held, and those that are sold.
    pub total_tickets: u32,
    /// Tickets that are left.
    pub available_tickets: u32,
    /// Tickets that are held. Servers of version 0.1.0 do not send it, and have no holds.
    #[serde(default)]
    pub held_tickets: u32,
    /// Whether tickets are on sale. Servers of version 0.1.0 do not send it, and tickets are on sale there.
    #[serde(default)]
    pub sales: Sales,
    /// The most tickets that one booking may have, if the event has such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_booking: Option<u32>,
}

/// The fields of an [`EventReply`] that change with every sale, or are about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSale {
    /// Tickets that are left.
    pub available_tickets: u32,
    /// Tickets that are held.
    pub held_tickets: u32,
    /// The terms of the sale.
    pub terms: SaleTerms,
}

/// The JSON of an [`EventReply`] up to `available_tickets`, which changes with every booking. The server
/// keeps it with the event, and [`write_event_reply`] completes it.
pub fn event_reply_prefix(id: &str, name: &str, date: Date, total_tickets: u32) -> String {
    let mut out = Vec::with_capacity(80 + id.len() + name.len());
    out.extend_from_slice(b"{\"id\":");
    json::write_string(&mut out, id);
    out.extend_from_slice(b",\"name\":");
    json::write_string(&mut out, name);
    out.extend_from_slice(b",\"date\":\"");
    date.write_iso(&mut out);
    out.push(b'"');
    out.extend_from_slice(TOTAL_TICKETS.as_bytes());
    json::write_number(&mut out, total_tickets);
    out.extend_from_slice(AVAILABLE_TICKETS.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// The name and the date in a `prefix` from [`event_reply_prefix`]. `None` if it is not from there.
pub fn parse_event_reply_prefix(prefix: &str) -> Option<(String, Date)> {
    let json = [prefix, "0}"].concat();
    let event: EventReply<'_> = serde_json::from_str(&json).ok()?;
    Some((event.name.into_owned(), event.date))
}

/// The fields `"name":…,"date":…` in a `prefix` from [`event_reply_prefix`] for the event with this `id`, as
/// JSON without braces.
pub fn name_and_date<'a>(prefix: &'a str, id: &str) -> &'a str {
    // Ids have no characters to escape.
    let start = "{\"id\":\"".len() + id.len() + "\",".len();
    let total = prefix.len() - AVAILABLE_TICKETS.len();
    let digits = prefix.as_bytes()[..total].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    &prefix[start..total - digits - TOTAL_TICKETS.len()]
}

/// Appends an [`EventReply`] as a line. `prefix` is from [`event_reply_prefix`].
pub fn write_event_reply(out: &mut Vec<u8>, prefix: &str, sale: EventSale, kind: LineKind) {
    let EventSale { available_tickets, held_tickets, terms } = sale;
    out.extend_from_slice(kind.prefix());
    out.extend_from_slice(prefix.as_bytes());
    json::write_number(out, available_tickets);
    out.extend_from_slice(b",\"held_tickets\":");
    json::write_number(out, held_tickets);
    out.extend_from_slice(match terms.sales {
        Sales::Open => b",\"sales\":\"open\"",
        Sales::Closed => b",\"sales\":\"closed\"",
    });
    if let Some(tickets) = terms.max_per_booking.get() {
        out.extend_from_slice(b",\"max_per_booking\":");
        json::write_number(out, tickets);
    }
    out.extend_from_slice(b"}\n");
}
