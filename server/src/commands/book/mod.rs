//! BOOK.

mod chunked_bookings;

use bookline_protocol::commands::book::write_book_reply;
use bookline_protocol::commands::{Book, BookedEvents, Booking};
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
use crate::state::{BookingRejection, BookingsRejection};

impl Command for Book<'_> {
    #[inline]
    fn cost(&self) -> Cost {
        match &self.bookings {
            BookedEvents::One(booking) if is_small(booking) => Cost::Low,
            _ => Cost::High,
        }
    }

    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let attendee = self.attendee.as_ref().map_or("", Text::as_str);
        match &self.bookings {
            BookedEvents::One(booking) if is_small(booking) => book_small(turn, service, booking, attendee),
            _ => book_all(turn, service, self.bookings(), attendee),
        }
    }
}

/// Whether the ids of the tickets are drawn in advance.
fn is_small(booking: &Booking<'_>) -> bool {
    booking.count as usize <= DRAWN_TICKET_IDS_MAX
}

/// Books few tickets of one event.
fn book_small(turn: &mut Turn, service: &Service, booking: &Booking<'_>, attendee: &str) -> ExecutionStatus {
    let id = booking.event.as_str();
    let tickets = turn.ticket_ids.draw(booking.count as usize);
    match service.store.book(&mut turn.context, id, attendee, tickets) {
        Ok(available) => {
            write_book_reply(&mut turn.replies, id, tickets, available);
            ExecutionStatus::Complete
        }
        Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_booked(id, rejection))),
    }
}

/// Books many tickets, or tickets of several events. Checks whether they are available before it draws ids,
/// because a refusal costs much less.
fn book_all(turn: &mut Turn, service: &Service, bookings: &[Booking<'_>], attendee: &str) -> ExecutionStatus {
    let refuse = |turn: &mut Turn, rejection| turn.refuse(not_all_booked(bookings, rejection));
    if let Err(error) = service.store.can_book_all(&mut turn.context, bookings) {
        return turn.fail(error, refuse);
    }
    let mut ids = BookingTicketIds::default();
    let count = bookings.iter().map(|booking| booking.count as usize).sum();
    let tickets = &mut ids.draw_and_rewind(count);
    match service.store.book_all(&mut turn.context, bookings, attendee, tickets) {
        Ok(available) => ExecutionStatus::Chunked(Box::new(ChunkedBookings::new(bookings, &available, ids))),
        Err(error) => turn.fail(error, refuse),
    }
}

/// The refusal of a BOOK names the event that it is about, if there are several.
fn not_all_booked(
    bookings: &[Booking<'_>],
    BookingsRejection { index, rejection }: BookingsRejection,
) -> Refusal {
    let id = bookings[index].event.as_str();
    let refusal = not_booked(id, rejection);
    if bookings.len() == 1 { refusal } else { refusal.about_event(id) }
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
