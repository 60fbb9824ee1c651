//! BOOK.

mod large_booking;

use bookline_protocol::Refusal;
use bookline_protocol::commands::Book;
use bookline_protocol::commands::book::write_book_reply;

use large_booking::ChunkedBooking;

use crate::commands::command::Command;
use crate::commands::execution_status::ExecutionStatus;
use crate::commands::refusals::no_such_event;
use crate::commands::service::Service;
use crate::commands::turn::Turn;
use crate::commands::turn_budget::Cost;
use crate::domain::{AboveLimit, SaleRejection, SoldOut};
use crate::state::BookingRejection;
use crate::state::ticket_ids::{BookingTicketIds, DRAWN_TICKET_IDS_MAX};

impl Command for Book<'_> {
    #[inline]
    fn cost(&self) -> Cost {
        if self.count as usize <= DRAWN_TICKET_IDS_MAX { Cost::Low } else { Cost::High }
    }

    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let (id, count) = (self.event.as_str(), self.count);
        if count as usize <= DRAWN_TICKET_IDS_MAX {
            book_few(turn, service, id, count as usize)
        } else {
            book_many(turn, service, id, count)
        }
    }
}

/// Books tickets whose ids were drawn in advance.
fn book_few(turn: &mut Turn, service: &Service, id: &str, count: usize) -> ExecutionStatus {
    let tickets = turn.ticket_ids.draw(count);
    match service.store.book(&mut turn.context, id, tickets) {
        Ok(available) => {
            write_book_reply(&mut turn.replies, id, tickets, available);
            ExecutionStatus::Complete
        }
        Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_booked(id, rejection))),
    }
}

/// Checks whether the tickets are available before it draws ids, because a refusal costs much less.
fn book_many(turn: &mut Turn, service: &Service, id: &str, count: u32) -> ExecutionStatus {
    if let Err(error) = service.store.can_book(&mut turn.context, id, count) {
        return turn.fail(error, |turn, rejection| turn.refuse(not_booked(id, rejection)));
    }
    let (mut ids, count) = (BookingTicketIds::default(), count as usize);
    let tickets = &mut ids.draw_and_rewind(count);
    match service.store.book(&mut turn.context, id, tickets) {
        Ok(available) => ExecutionStatus::Chunked(Box::new(ChunkedBooking::new(id, ids, count, available))),
        Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_booked(id, rejection))),
    }
}

fn not_booked(id: &str, rejection: BookingRejection) -> Refusal {
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
            let message = format!(
                "event {id} allows at most {limit} tickets per booking: {requested} asked for"
            );
            Refusal::limit(message, limit.into(), requested.into())
        }
        SaleRejection::SoldOut(SoldOut { available, requested }) => sold_out(id, available, requested),
    }
}

fn sold_out(id: &str, available: u32, requested: u32) -> Refusal {
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left"),
    };
    Refusal::sold_out(message, available, requested)
}
