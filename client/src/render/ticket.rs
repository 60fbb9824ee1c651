//! Tickets as sentences.

use std::borrow::Cow;
use std::fmt::Write;

use bookline_protocol::commands::book::{BookReply, BookingsReply};
use bookline_protocol::commands::cancel::CancelReply;
use bookline_protocol::commands::confirm::ConfirmReply;
use bookline_protocol::commands::delete::DeletedEventReply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::{Date, TicketId};

use crate::render::number::counted;
use crate::render::text::{capitalized, printable, words_of};
use crate::render::time;

/// The name and the date of an event, which replies about its bookings leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTitle {
    pub name: String,
    pub date: Date,
}

/// Looks the title of an event up by its id.
pub type TitleLookup<'a> = &'a dyn Fn(&str) -> Option<EventTitle>;

/// The reply to BOOK of one event.
pub fn booked(booked: &BookReply<'_>, titles: TitleLookup<'_>) -> String {
    let BookReply { event_id, tickets, available_tickets } = booked;
    issued(event_id, tickets, *available_tickets, titles)
}

/// The bookings of several events, one after the other.
pub fn all_booked(booked: &BookingsReply<'_>, titles: TitleLookup<'_>) -> String {
    booked.bookings.iter().map(|booking| self::booked(booking, titles)).collect::<Vec<_>>().join("\n")
}

/// The reply to CONFIRM.
pub fn confirmed(confirmed: &ConfirmReply<'_>, titles: TitleLookup<'_>) -> String {
    let ConfirmReply { hold_id, event_id, tickets, available_tickets } = confirmed;
    format!("Hold {hold_id} is confirmed.\n{}", issued(event_id, tickets, *available_tickets, titles))
}

/// The tickets that were sold, an id a line.
fn issued(event_id: &str, ids: &[TicketId], available: u32, titles: TitleLookup<'_>) -> String {
    let event = match titles(event_id) {
        Some(title) => titled(event_id, &title.name, title.date),
        None => printable(event_id).into_owned(),
    };
    let mut lines = format!("{} for {event}, {available} left:", tickets(count(ids)));
    for id in ids {
        let _ = write!(lines, "\n{id}");
    }
    lines
}

/// An event with its name and its date.
fn titled(event_id: &str, name: &str, date: Date) -> String {
    format!("{} ({}) on {}", printable(name), printable(event_id), date.iso())
}

/// The reply to TICKET and CHECKIN. The status comes first: it is what the people at the door need.
pub fn ticket(ticket: &TicketReply<'_>) -> String {
    let TicketReply { ticket, event_id, status, at, attendee, name, date } = ticket;
    let since = at.map(|at| format!(" since {}", time::second(at))).unwrap_or_default();
    let attendee = attendee.as_ref().map(|attendee| format!(" of {attendee}")).unwrap_or_default();
    format!(
        "{}{since}: ticket {ticket}{} for {}.",
        capitalized(words_of(status.as_str())),
        printable(&attendee),
        titled(event_id, name, *date),
    )
}

/// The reply to CANCEL.
pub fn cancelled(reply: &CancelReply<'_>) -> String {
    let what = match reply.cancelled.as_slice() {
        [ticket] => format!("Ticket {ticket} is cancelled"),
        tickets => format!("{} are cancelled", self::tickets(count(tickets))),
    };
    let left = |event_id: &Cow<'_, str>, available| format!("{available} left for {}", printable(event_id));
    let left: Vec<_> =
        reply.events.iter().map(|event| left(&event.event_id, event.available_tickets)).collect();
    format!("{what}: {}.", left.join(", "))
}

/// The reply to DELETE of an event.
pub fn deleted_event(deleted: &DeletedEventReply<'_>) -> String {
    let event = printable(&deleted.event_id);
    let dropped = [(deleted.tickets, "ticket"), (deleted.holds, "hold")];
    let dropped = dropped.into_iter().filter(|(count, _)| *count > 0);
    let dropped: Vec<_> = dropped.map(|(count, noun)| counted(count, noun)).collect();
    if dropped.is_empty() {
        return format!("Event {event} is deleted.");
    }
    format!("Event {event} is deleted, with {}.", dropped.join(" and "))
}

/// A number of tickets.
pub fn tickets(count: u32) -> String {
    counted(count, "ticket")
}

fn count(ids: &[TicketId]) -> u32 {
    u32::try_from(ids.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_event_counts_what_is_deleted_with_it() {
        for (tickets, holds, end) in [
            (0, 0, "."),
            (1, 0, ", with 1 ticket."),
            (0, 2, ", with 2 holds."),
            (3, 1, ", with 3 tickets and 1 hold."),
        ] {
            let body = format!(r#"{{"event_id":"e","deleted":"event","tickets":{tickets},"holds":{holds}}}"#);
            let shown = deleted_event(&serde_json::from_str(&body).unwrap());
            assert_eq!(shown, format!("Event e is deleted{end}"));
        }
    }
}
