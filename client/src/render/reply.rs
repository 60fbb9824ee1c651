//! Replies laid out by the fields of their objects.
//!
//! The fields alone decide, so that a reply looks the same at the prompt, from a shell and in a script. An
//! object of a later version is shown as names and values.

use bookline_protocol::commands::block::BlockReply;
use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::cancel::CancelReply;
use bookline_protocol::commands::confirm::ConfirmReply;
use bookline_protocol::commands::delete::{DeleteReply, DeletedEventReply};
use bookline_protocol::commands::free::{FreeRow, NoTimeReply};
use bookline_protocol::commands::get::DayReply;
use bookline_protocol::commands::hello::HelloReply;
use bookline_protocol::commands::help::HelpRow;
use bookline_protocol::commands::hod::HodRow;
use bookline_protocol::commands::hold::{HoldReply, HoldStatusReply};
use bookline_protocol::commands::meet::MeetReply;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::commands::tickets::TicketRow;
use bookline_protocol::reply::{CountReply, EventReply};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::render::listing::Listing;
use crate::render::sentence::{self, RowKind};
use crate::render::text::printable;
use crate::render::{hold, table, ticket};

/// The object of an `OK`, recognized by its fields. The order matters: a shape comes before the shapes whose
/// fields it includes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OkBody<'a> {
    #[serde(borrow)]
    Event(EventReply<'a>),
    Confirm(ConfirmReply<'a>),
    Book(BookReply<'a>),
    Bookings(BookingsReply<'a>),
    Hold(HoldReply<'a>),
    HoldStatus(HoldStatusReply<'a>),
    Release(ReleaseReply<'a>),
    Ticket(TicketReply<'a>),
    Cancel(CancelReply<'a>),
    DeletedEvent(DeletedEventReply<'a>),
    Day(DayReply<'a>),
    Meet(MeetReply<'a>),
    Delete(DeleteReply<'a>),
    Block(BlockReply<'a>),
    Hello(HelloReply<'a>),
    NoTime(NoTimeReply),
    Count(CountReply<'a>),
    Other(Map<String, Value>),
}

/// Lays out the objects of rows, in at most `width` columns.
pub fn rows(bodies: &[String], width: Option<u16>) -> (String, RowKind) {
    if let Some(events) = parse_all::<EventReply<'_>>(bodies) {
        return (table::events(&events, width), RowKind::Of(Listing::Events));
    }
    if let Some(tickets) = parse_all::<TicketRow<'_>>(bodies) {
        return (table::tickets(&tickets, width), RowKind::Of(Listing::Tickets));
    }
    if let Some(days) = parse_all::<DayReply<'_>>(bodies) {
        return (table::days(&days, width), RowKind::Of(Listing::Days));
    }
    if let Some(times) = parse_all::<FreeRow>(bodies) {
        return (table::times(&times, width), RowKind::Of(Listing::Times));
    }
    if let Some(hours) = parse_all::<HodRow<'_>>(bodies) {
        return (table::hours(&hours, width), RowKind::Of(Listing::Hours));
    }
    if let Some(forms) = parse_all::<HelpRow<'_>>(bodies) {
        return (table::forms(&forms, width), RowKind::Of(Listing::Forms));
    }
    let lines: Vec<_> = bodies.iter().map(|body| printable(body)).collect();
    (lines.join("\n"), RowKind::Other)
}

/// Lays out the object of an `OK`, which follows rows of this kind. The text is empty if there is nothing to
/// say.
pub fn ok(body: &str, rows: Option<RowKind>, width: Option<u16>) -> String {
    let Ok(parsed) = serde_json::from_str(body) else {
        return printable(body).into_owned();
    };
    match parsed {
        OkBody::Event(event) => table::events(&[event], width),
        OkBody::Confirm(confirmed) => ticket::confirmed(&confirmed),
        OkBody::Book(booked) => ticket::booked(&booked),
        OkBody::Bookings(booked) => ticket::all_booked(&booked),
        OkBody::Hold(held) => hold::held(&held),
        OkBody::HoldStatus(held) => hold::hold(&held),
        OkBody::Release(released) => hold::released(&released),
        OkBody::Ticket(shown) => ticket::ticket(&shown),
        OkBody::Cancel(cancelled) => ticket::cancelled(&cancelled),
        OkBody::DeletedEvent(deleted) => ticket::deleted_event(&deleted),
        OkBody::Day(day) => table::day(&day, width),
        OkBody::Meet(met) => sentence::met(&met, width),
        OkBody::Delete(deleted) => sentence::deleted(&deleted),
        OkBody::Block(blocked) => sentence::blocked(&blocked, width),
        OkBody::Hello(hello) => sentence::hello(&hello),
        OkBody::NoTime(busy) => table::no_time(&busy, width),
        OkBody::Count(count) => sentence::count(&count, rows),
        OkBody::Other(fields) if fields.is_empty() => "OK".to_owned(),
        OkBody::Other(fields) => table::fields(&fields, width),
    }
}

/// The objects, if all of them have this shape.
fn parse_all<'a, T: Deserialize<'a>>(bodies: &'a [String]) -> Option<Vec<T>> {
    bodies.iter().map(|body| serde_json::from_str(body).ok()).collect()
}
