//! BOOK.

mod large_booking;

use bookline_protocol::Refusal;
use bookline_protocol::commands::Book;
use bookline_protocol::commands::book::write_book_reply;

use large_booking::ChunkedBooking;

use crate::commands::command::Command;
use crate::commands::execution_status::ExecutionStatus;
use crate::commands::refusals::{no_such_event, unexpected};
use crate::commands::service::Service;
use crate::commands::turn_budget::Cost;
use crate::commands::turn_context::TurnContext;
use crate::domain::Rejection;
use crate::state::StateRejection;
use crate::state::ticket_ids::{BookingTicketIds, DRAWN_TICKET_IDS_MAX};

impl Command for Book<'_> {
    #[inline]
    fn cost(&self) -> Cost {
        if self.count as usize <= DRAWN_TICKET_IDS_MAX { Cost::Low } else { Cost::High }
    }

    fn execute(&self, context: &mut TurnContext, service: &Service) -> ExecutionStatus {
        let (id, count) = (self.event.as_str(), self.count);
        if count as usize <= DRAWN_TICKET_IDS_MAX {
            book_few(context, service, id, count as usize)
        } else {
            book_many(context, service, id, count)
        }
    }
}

/// Books tickets whose ids were drawn in advance.
fn book_few(context: &mut TurnContext, service: &Service, id: &str, count: usize) -> ExecutionStatus {
    let tickets = context.ticket_ids.draw(count);
    match service.store.book(id, tickets, context.micros, &mut context.depends_on) {
        Ok(available) => {
            write_book_reply(&mut context.replies, id, tickets, available);
            ExecutionStatus::Complete
        }
        Err(rejection) => context.reject(rejection, |rejection| not_booked(id, rejection)),
    }
}

/// Checks whether the tickets are available before it draws ids, because a refusal costs much less.
fn book_many(context: &mut TurnContext, service: &Service, id: &str, count: u32) -> ExecutionStatus {
    if let Err(rejection) = service.store.can_book(id, count, &mut context.depends_on) {
        return context.reject(rejection, |rejection| not_booked(id, rejection));
    }
    let (mut ids, count) = (BookingTicketIds::default(), count as usize);
    let tickets = &mut ids.draw_and_rewind(count);
    match service.store.book(id, tickets, context.micros, &mut context.depends_on) {
        Ok(available) => ExecutionStatus::Chunked(Box::new(ChunkedBooking::new(id, ids, count, available))),
        Err(rejection) => context.reject(rejection, |rejection| not_booked(id, rejection)),
    }
}

fn not_booked(id: &str, rejection: StateRejection) -> Refusal {
    match rejection {
        StateRejection::NoSuchEvent => Refusal::not_found(no_such_event(id)),
        StateRejection::Rule(Rejection::SoldOut { available, requested }) => {
            sold_out(id, available, requested)
        }
        other => unexpected(&other),
    }
}

fn sold_out(id: &str, available: u32, requested: u32) -> Refusal {
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left"),
    };
    Refusal::sold_out(message, available, requested)
}
