//! BOOK.

use std::borrow::Cow;
use std::slice;

use serde::{Deserialize, Serialize};

use super::arguments::Args;
use super::bookings::{BookedEvents, Booking};
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::LineWriter;
use crate::hold::HoldId;
use crate::json;
use crate::limits::{BOOKING_EVENTS_MAX, BOOKING_TICKETS_MAX, ID_BYTES_MAX};
use crate::needs::Needs;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::text::Text;
use crate::ticket::{TICKET_ID_CHARS, TicketId};

// The source of the figure in the documentation of BOOKING_TICKETS_MAX: 39 bytes a ticket.
const _: () = {
    const TICKETS: usize = BOOKING_TICKETS_MAX as usize * TICKET_JSON_BYTES;
    assert!(TICKETS + BOOKING_EVENTS_MAX * (BOOKING_JSON_BYTES + ID_BYTES_MAX) < 400_000);
};

/// Bytes of a ticket in a [`BookReply`]: its id, two quotes and a comma.
const TICKET_JSON_BYTES: usize = TICKET_ID_CHARS + "\"\",".len();

/// Bytes of a [`BookReply`] or a [`super::confirm::ConfirmReply`] besides its tickets and the id of its
/// event, at the most.
const BOOKING_JSON_BYTES: usize = 128;

/// Buys tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book<'a> {
    /// The events, and the number of tickets of each.
    pub bookings: BookedEvents<'a>,
    /// Whom the tickets are for.
    pub attendee: Option<Text<'a>>,
}

impl<'a> Book<'a> {
    /// The bookings, in the order written.
    pub fn bookings(&self) -> &[Booking<'a>] {
        match &self.bookings {
            BookedEvents::One(booking) => slice::from_ref(booking),
            BookedEvents::Several(bookings) => bookings,
        }
    }
}

impl<'a> Command<'a> for Book<'a> {
    const FORMS: &'static [CommandForm] = &[CommandForm {
        usage: "BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]",
        help: "buys n tickets of an event, or of each of up to 8 events, all or none; for= says whom for",
        topic: Topic::Tickets,
        needs: Needs::Role(Role::Seller),
        example: "BOOK rustconf 2 for=\"Ada Lovelace\"",
    }];
    const CHANGES: bool = true;

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        Ok(Self { bookings: BookedEvents::parse(args)?, attendee: args.option_text("for")? })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        for Booking { event, count } in self.bookings() {
            line.argument(event);
            line.argument(count);
        }
        line.option("for", self.attendee.as_ref());
    }
}

// The source of the figure in the help.
const _: () = assert!(BOOKING_EVENTS_MAX == 8);

/// The reply to BOOK of one event.
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

/// The reply to BOOK of several events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingsReply<'a> {
    /// The bookings, in the order requested.
    #[serde(borrow)]
    pub bookings: Vec<BookReply<'a>>,
}

/// The place of a booking in its reply, which determines what is before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingPlace {
    /// The only one: the line is a [`BookReply`].
    Only,
    /// The only one, of a hold that was confirmed: the line is a [`super::confirm::ConfirmReply`].
    Confirmed(HoldId),
    /// The first of a [`BookingsReply`].
    First,
    /// Neither the first nor the last.
    Middle,
    /// The last.
    Last,
}

impl BookingPlace {
    /// The place of the booking with this index among `count` bookings.
    pub const fn of(index: usize, count: usize) -> Self {
        match (index == 0, index + 1 == count) {
            (true, true) => Self::Only,
            (true, false) => Self::First,
            (false, false) => Self::Middle,
            (false, true) => Self::Last,
        }
    }

    /// What is before the id of the event, and after the id of the hold if there is one.
    const fn before(self) -> &'static [u8] {
        match self {
            Self::Only => b"OK {\"event_id\":\"",
            Self::Confirmed(_) => b"\",\"event_id\":\"",
            Self::First => b"OK {\"bookings\":[{\"event_id\":\"",
            Self::Middle | Self::Last => b",{\"event_id\":\"",
        }
    }

    /// What is after the number of the tickets that are left.
    const fn after(self) -> &'static [u8] {
        match self {
            Self::Only | Self::Confirmed(_) => b"}\n",
            Self::First | Self::Middle => b"}",
            Self::Last => b"}]}\n",
        }
    }
}

/// Appends a [`BookReply`] as an `OK` line. `tickets` are the bytes of the ticket ids; without any, nothing
/// is appended.
pub fn write_book_reply(out: &mut Vec<u8>, event_id: &str, tickets: &[[u8; 16]], available_tickets: u32) {
    write_booking(out, BookingPlace::Only, event_id, tickets, available_tickets);
}

/// Appends a booking of a reply. `tickets` are the bytes of the ticket ids; without any, nothing is appended.
///
/// Always inlined, as [`open_booking`] is, so that its place is a constant: the reply to BOOK takes 40
/// instructions more otherwise.
#[inline(always)]
pub(super) fn write_booking(
    out: &mut Vec<u8>,
    place: BookingPlace,
    event_id: &str,
    tickets: &[[u8; 16]],
    available_tickets: u32,
) {
    out.reserve(BOOKING_JSON_BYTES + event_id.len() + tickets.len() * TICKET_JSON_BYTES);
    if let Some((first, others)) = tickets.split_first() {
        open_booking(out, place, event_id, *first);
        write_tickets(out, others);
        close_booking(out, place, available_tickets);
    }
}

/// Appends a booking of a reply up to and including its first ticket. Every booking has one.
#[inline(always)]
pub fn open_booking(out: &mut Vec<u8>, place: BookingPlace, event_id: &str, first: [u8; 16]) {
    // Ids have no characters to escape.
    if let BookingPlace::Confirmed(hold) = place {
        open_confirmation(out, hold);
    }
    out.extend_from_slice(place.before());
    out.extend_from_slice(event_id.as_bytes());
    out.extend_from_slice(b"\",\"tickets\":[\"");
    TicketId(first).write(out);
}

/// Appends the start of a [`super::confirm::ConfirmReply`] up to the id of the hold.
fn open_confirmation(out: &mut Vec<u8>, hold: HoldId) {
    out.extend_from_slice(b"OK {\"hold_id\":\"");
    hold.write(out);
}

/// Appends further tickets of a booking.
#[inline]
pub fn write_tickets(out: &mut Vec<u8>, tickets: &[[u8; 16]]) {
    for ticket in tickets {
        out.extend_from_slice(b"\",\"");
        TicketId(*ticket).write(out);
    }
}

/// Appends the end of a booking, after its tickets.
#[inline]
pub fn close_booking(out: &mut Vec<u8>, place: BookingPlace, available_tickets: u32) {
    out.extend_from_slice(b"\"],\"available_tickets\":");
    json::write_number(out, available_tickets);
    out.extend_from_slice(place.after());
}
