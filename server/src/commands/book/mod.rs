//! BOOK.

mod chunked_bookings;

use bookline_protocol::commands::book::write_book_reply;
use bookline_protocol::commands::{Book, BookedEvents, Booking};
use bookline_protocol::limits::{BOOKING_TICKETS_MAX, KEYED_TICKETS_MAX};
use bookline_protocol::{Refusal, Text};

pub use chunked_bookings::ChunkedBookings;

use crate::commands::command::Command;
use crate::commands::execution_status::ExecutionStatus;
use crate::commands::refusals::no_such_event;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::domain::{AboveLimit, SaleRejection, SoldOut};
use crate::state::ticket_ids::{BookingTicketIds, DRAWN_TICKET_IDS_MAX};
use crate::state::{Booked, BookingRejection, BookingsRejection, UnusedKey};

impl Command for Book<'_> {
    #[inline]
    fn cost(&self) -> Cost {
        match &self.bookings {
            BookedEvents::One(booking) if is_small(booking) => Cost::Low,
            _ => Cost::High,
        }
    }

    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let attendee = self.attendee.as_ref().map_or("", Text::as_str);
        match &self.bookings {
            BookedEvents::One(booking) if is_small(booking) => {
                book_small(turn, service, key, booking, attendee)
            }
            _ => book_all(turn, service, key, self.bookings(), attendee),
        }
    }
}

/// Whether the ids of the tickets are drawn in advance.
fn is_small(booking: &Booking<'_>) -> bool {
    booking.count as usize <= DRAWN_TICKET_IDS_MAX
}

/// Books few tickets of one event.
#[inline]
fn book_small(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    booking: &Booking<'_>,
    attendee: &str,
) -> ExecutionStatus {
    let id = booking.event.as_str();
    let count = booking.count as usize;
    let write = |booked: &Booked<'_>, out: &mut Vec<u8>| {
        write_book_reply(out, id, booked.tickets, booked.available);
    };
    if key.is_some() {
        // A copy, because the turn is borrowed for the reply.
        let mut copy = [[0; 16]; DRAWN_TICKET_IDS_MAX];
        let tickets = turn.ticket_ids.draw(count, service.store.place_cipher()).copied_to(&mut copy);
        return turn.change(
            service,
            key,
            move |context, keyed| service.store.book(context, id, attendee, tickets, keyed),
            write,
            |rejection| not_booked(id, rejection),
        );
    }
    let tickets = turn.ticket_ids.draw(count, service.store.place_cipher());
    match service.store.book(&mut turn.context, id, attendee, tickets, None) {
        Ok(booked) => {
            write(&booked, &mut turn.replies);
            ExecutionStatus::Complete
        }
        Err(error) => turn.fail(error, |rejection| not_booked(id, rejection)),
    }
}

/// Books many tickets, or tickets of several events. Checks whether they are available before it draws ids,
/// because a refusal costs much less.
fn book_all(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    bookings: &[Booking<'_>],
    attendee: &str,
) -> ExecutionStatus {
    let refusal = |rejection| not_all_booked(bookings, rejection);
    let tickets_max = if key.is_some() { KEYED_TICKETS_MAX } else { BOOKING_TICKETS_MAX };
    if let Err(error) = service.store.can_book_all(&mut turn.context, bookings, tickets_max) {
        return turn.fail(error, refusal);
    }
    let ids = BookingTicketIds::new(*service.store.place_cipher());
    let count = bookings.iter().map(|booking| booking.count as usize).sum();
    let mut tickets = vec![[0; 16]; count];
    let tickets = ids.rewound().draw(&mut tickets);
    if key.is_some() {
        return turn.change(
            service,
            key,
            |context, keyed| service.store.book_all(context, bookings, attendee, tickets, keyed),
            |booked, out| ChunkedBookings::new(bookings, booked, ids.rewound()).write_all(out),
            refusal,
        );
    }
    match service.store.book_all(&mut turn.context, bookings, attendee, tickets, None) {
        Ok(booked) => ExecutionStatus::Chunked(Box::new(ChunkedBookings::new(bookings, &booked, ids))),
        Err(error) => turn.fail(error, refusal),
    }
}

/// The refusal of a BOOK names the event that it is about, if there are several.
fn not_all_booked(bookings: &[Booking<'_>], rejection: BookingsRejection) -> Refusal {
    let (index, rejection) = match rejection {
        BookingsRejection::Booking { index, rejection } => (index, rejection),
        BookingsRejection::TooManyTickets { requested } => return too_many_for_key(requested),
    };
    let id = bookings[index].event.as_str();
    let refusal = not_booked(id, rejection);
    if bookings.len() == 1 { refusal } else { refusal.about_event(id) }
}

/// The refusal of a BOOK or CONFIRM with a key, whose reply is stored.
pub fn too_many_for_key(requested: u64) -> Refusal {
    let message = format!(
        "a request with a key is for at most {KEYED_TICKETS_MAX} tickets: {requested} asked for, leave key= \
         out or send several"
    );
    Refusal::limit(message, KEYED_TICKETS_MAX.into(), requested)
}

/// The refusal of BOOK or HOLD of one event.
pub fn not_booked(id: &str, rejection: BookingRejection) -> Refusal {
    match rejection {
        BookingRejection::NoSuchEvent => Refusal::not_found(no_such_event(id)),
        BookingRejection::Sale(rejection) => not_sold(id, rejection),
    }
}

fn not_sold(id: &str, rejection: SaleRejection) -> Refusal {
    match rejection {
        SaleRejection::Closed => {
            Refusal::closed(format!("event {id} is not on sale: its sale is closed for now"))
        }
        SaleRejection::AboveLimit(AboveLimit { limit, requested }) => {
            let message =
                format!("event {id} allows at most {limit} tickets per booking: {requested} asked for");
            Refusal::limit(message, limit.into(), requested.into())
        }
        SaleRejection::SoldOut(sold_out) => too_few(id, sold_out),
    }
}

fn too_few(id: &str, SoldOut { available, held, requested }: SoldOut) -> Refusal {
    let held_tickets = match held {
        0 => String::new(),
        1 => ", 1 is held and may come back".to_owned(),
        held => format!(", {held} are held and may come back"),
    };
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left{held_tickets}"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left{held_tickets}"),
    };
    Refusal::sold_out(message, available, held, requested)
}
