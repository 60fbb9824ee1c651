//! Requests about events and tickets.

use bookline_protocol::commands::book::write_book_reply;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::reply::{self, LineKind};
use bookline_protocol::{Date, Id, Refusal, TicketId};

use super::error::{CommandError, command_error, unexpected};
use super::large_booking::ChunkedBooking;
use super::service::Service;
use super::turn_context::TurnContext;
use crate::domain::Rejection;
use crate::state::ticket_ids::{self, BookingTicketIds};
use crate::state::{DependsOn, NewEvent, StateRejection};

pub(super) fn create(
    service: &Service,
    name: &str,
    date: Date,
    tickets: u32,
    id: Option<&Id<'_>>,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let drawn;
    let id = match id {
        Some(id) => id.as_str(),
        None => {
            drawn = ticket_ids::event_id();
            &drawn
        }
    };
    let event = NewEvent { id, name, date, total: tickets, issued: 0 };
    let created = service.store.create(&event, context.micros, &mut context.depends_on);
    created.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::IdTaken => Refusal::conflict(format!(
                "event id {id} is taken: choose another id, or leave id= out to have one made up"
            )),
            other => unexpected(&other),
        })
    })?;
    reply::write_event_reply(
        &mut context.replies,
        &reply::event_reply_prefix(id, name, date, tickets),
        tickets,
        LineKind::Ok,
    );
    Ok(())
}

pub(super) fn show(service: &Service, id: &str, context: &mut TurnContext) -> Result<(), CommandError> {
    let TurnContext { replies, depends_on, .. } = context;
    let shown = service.store.event(id, depends_on, |event| {
        reply::write_event_reply(replies, &event.json, event.sale.available(), LineKind::Ok);
    });
    shown.ok_or_else(|| event_not_found(service, id, depends_on).into())
}

/// BOOK of a few tickets, whose ids were drawn in advance.
pub(super) fn book(
    service: &Service,
    id: &str,
    count: usize,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let tickets = context.ticket_ids.draw(count);
    let booked = service.store.book(id, tickets, context.micros, &mut context.depends_on);
    let available = booked.map_err(|rejection| booking_error(id, rejection))?;
    write_book_reply(&mut context.replies, id, tickets, available);
    Ok(())
}

/// BOOK of many tickets. It checks whether they are available before it draws ids, because a refusal costs
/// much less.
pub(super) fn book_many(
    service: &Service,
    id: &str,
    count: u32,
    context: &mut TurnContext,
) -> Result<ChunkedBooking, CommandError> {
    let decision = service.store.can_book(id, count, &mut context.depends_on);
    decision.map_err(|rejection| booking_error(id, rejection))?;
    let (mut ids, count) = (BookingTicketIds::default(), count as usize);
    let booked =
        service.store.book(id, &mut ids.draw_and_rewind(count), context.micros, &mut context.depends_on);
    let available = booked.map_err(|rejection| booking_error(id, rejection))?;
    Ok(ChunkedBooking::new(id, ids, count, available))
}

fn booking_error(id: &str, rejection: StateRejection) -> CommandError {
    command_error(rejection, |rejection| match rejection {
        StateRejection::NoSuchEvent => Refusal::not_found(no_such_event_message(id)),
        StateRejection::Rule(Rejection::SoldOut { available, requested }) => {
            sold_out_refusal(id, available, requested)
        }
        other => unexpected(&other),
    })
}

pub(super) fn ticket(
    service: &Service,
    ticket: TicketId,
    context: &mut TurnContext,
) -> Result<(), CommandError> {
    let TurnContext { replies, depends_on, .. } = context;
    let found = service.store.ticket(ticket, depends_on, |event| {
        reply::write_ok(replies, &TicketReply { ticket, event_id: event.id.as_str().into() });
    });
    found.ok_or_else(|| {
        Refusal::not_found(format!("no ticket {ticket} was issued: check that all 36 characters are right"))
            .into()
    })
}

fn no_such_event_message(id: &str) -> String {
    format!("there is no event {id}: GET lists all events")
}

/// GET of an unknown event: the client may have meant a person, or the same id in another case. Only this
/// refusal searches for it, because GET of unknown events is rare.
fn event_not_found(service: &Service, id: &str, depends_on: &mut DependsOn) -> Refusal {
    let event = match find_in_other_case(service, id, depends_on) {
        Some(other) => format!("there is no event {id}, but there is {other}: ids are case-sensitive"),
        None => no_such_event_message(id),
    };
    Refusal::not_found(format!("{event}, and GET {id} <date> shows a person's day"))
}

/// Finds an event with the same id in lower case, in upper case, or capitalized. Other spellings would need a
/// search through all events.
fn find_in_other_case(service: &Service, id: &str, depends_on: &mut DependsOn) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    let mut capitalized = lower.clone();
    capitalized[..1].make_ascii_uppercase();
    [lower, id.to_ascii_uppercase(), capitalized].into_iter().find(|other| {
        // The id itself was looked up already.
        other != id && service.store.event(other, depends_on, |_| ()).is_some()
    })
}

fn sold_out_refusal(id: &str, available: u32, requested: u32) -> Refusal {
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left"),
    };
    Refusal::sold_out(message, available, requested)
}
