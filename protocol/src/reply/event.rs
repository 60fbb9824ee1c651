//! Events in replies: the reply to CREATE and `GET <event-id>`, and the rows of the listing.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::dates;
use super::lines::LineKind;
use crate::date::Date;
use crate::json;

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
