//! Events in replies: the reply to CREATE, UPDATE and `GET <event-id>`, and the rows of the listing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dates;
use super::lines::LineKind;
use crate::date::Date;
use crate::json;
use crate::sale_terms::{SaleTerms, Sales};

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
    /// Tickets of the event, sold or not.
    pub total_tickets: u32,
    /// Tickets that are left.
    pub available_tickets: u32,
    /// Whether tickets are on sale. Servers of version 0.1.0 do not send it, and tickets are on sale there.
    #[serde(default)]
    pub sales: Sales,
    /// The most tickets that one booking may have, if the event has such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_booking: Option<u32>,
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
    out.extend_from_slice(b"\",\"total_tickets\":");
    json::write_number(&mut out, total_tickets);
    out.extend_from_slice(b",\"available_tickets\":");
    String::from_utf8_lossy(&out).into_owned()
}

/// The name and the date in a `prefix` from [`event_reply_prefix`]. `None` if it is not from there.
pub fn parse_event_reply_prefix(prefix: &str) -> Option<(String, Date)> {
    let json = [prefix, "0}"].concat();
    let event: EventReply<'_> = serde_json::from_str(&json).ok()?;
    Some((event.name.into_owned(), event.date))
}

/// Appends an [`EventReply`] as a line. `prefix` is from [`event_reply_prefix`].
pub fn write_event_reply(
    out: &mut Vec<u8>,
    prefix: &str,
    available_tickets: u32,
    terms: SaleTerms,
    kind: LineKind,
) {
    out.extend_from_slice(kind.prefix());
    out.extend_from_slice(prefix.as_bytes());
    json::write_number(out, available_tickets);
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
