//! Events and their tickets.

use bookline_protocol::reply::{self, LineKind};
use bookline_protocol::{Date, Id, Refusal, TicketId};

use super::answer::Answer;
use super::error::{CommandError, command_error, unexpected};
use super::long_booking::Tickets;
use super::service::Service;
use crate::domain::Rejection;
use crate::state::ticket_ids::{self, BookingTicketIds};
use crate::state::{DependsOn, NewEvent, StateRejection};

/// CREATE
pub(super) fn create(
    service: &Service,
    name: &str,
    date: Date,
    tickets: u32,
    id: Option<&Id<'_>>,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    let minted;
    let id = match id {
        Some(id) => id.as_str(),
        None => {
            minted = ticket_ids::event_id();
            &minted
        }
    };
    let event = NewEvent { id, name, date, total: tickets, issued: 0 };
    let created = service.store.create(&event, answer.micros, &mut answer.seen);
    created.map_err(|rejection| {
        command_error(rejection, |rejection| match rejection {
            StateRejection::IdTaken => Refusal::conflict(format!(
                "event id {id} is taken: choose another id, or leave id= out to have one made up"
            )),
            other => unexpected(&other),
        })
    })?;
    reply::write_event_reply(
        &mut answer.out,
        &reply::event_reply_prefix(id, name, date, tickets),
        tickets,
        LineKind::Ok,
    );
    Ok(())
}

/// GET of one event
pub(super) fn show(service: &Service, id: &str, answer: &mut Answer) -> Result<(), CommandError> {
    let Answer { out, seen, .. } = answer;
    let shown = service.store.event(id, seen, |event| {
        reply::write_event_reply(out, &event.json, event.sale.available(), LineKind::Ok);
    });
    shown.ok_or_else(|| no_event_or_person(service, id, seen).into())
}

/// BOOK of a few tickets, of which the ids are there already
pub(super) fn book(
    service: &Service,
    id: &str,
    count: usize,
    answer: &mut Answer,
) -> Result<(), CommandError> {
    let tickets = answer.ticket_ids.draw(count);
    let booked = service.store.book(id, tickets, answer.micros, &mut answer.seen);
    let available = booked.map_err(|rejection| cannot_book(id, rejection))?;
    reply::write_book_reply(&mut answer.out, id, tickets, available);
    Ok(())
}

/// BOOK of many tickets: looks first, for it takes longer to draw them than to refuse them
pub(super) fn book_many(
    service: &Service,
    id: &str,
    count: u32,
    answer: &mut Answer,
) -> Result<Tickets, CommandError> {
    let could = service.store.can_book(id, count, &mut answer.seen);
    could.map_err(|rejection| cannot_book(id, rejection))?;
    let (mut draw, count) = (BookingTicketIds::default(), count as usize);
    let booked = service.store.book(id, &mut draw.draw_and_rewind(count), answer.micros, &mut answer.seen);
    let available = booked.map_err(|rejection| cannot_book(id, rejection))?;
    Ok(Tickets::new(id, draw, count, available))
}

fn cannot_book(id: &str, rejection: StateRejection) -> CommandError {
    command_error(rejection, |rejection| match rejection {
        StateRejection::NoSuchEvent => Refusal::not_found(no_such_event(id)),
        StateRejection::Rule(Rejection::SoldOut { available, requested }) => {
            sold_out(id, available, requested)
        }
        other => unexpected(&other),
    })
}

/// TICKET
pub(super) fn ticket(service: &Service, ticket: TicketId, answer: &mut Answer) -> Result<(), CommandError> {
    let Answer { out, seen, .. } = answer;
    let found = service.store.ticket(ticket, seen, |event| {
        reply::write_ok(out, &reply::TicketReply { ticket, event_id: event.id.as_str().into() });
    });
    found.ok_or_else(|| {
        Refusal::not_found(format!("no ticket {ticket} was issued: check that all 36 characters are right"))
            .into()
    })
}

fn no_such_event(id: &str) -> String {
    format!("there is no event {id}: GET lists all events")
}

/// GET of one id: whoever looks may have meant a person, or the same id in another case. It is looked for only here,
/// where nobody asks by the hundred thousand.
fn no_event_or_person(service: &Service, id: &str, seen: &mut DependsOn) -> Refusal {
    let event = match in_other_case(service, id, seen) {
        Some(other) => format!("there is no event {id}, but there is {other}: ids are case-sensitive"),
        None => no_such_event(id),
    };
    Refusal::not_found(format!("{event}, and GET {id} <date> shows a person's day"))
}

/// An event with the same id in small letters, in capitals, or in small letters behind a capital. There may be others,
/// which only a search through all events would find.
fn in_other_case(service: &Service, id: &str, seen: &mut DependsOn) -> Option<String> {
    let small = id.to_ascii_lowercase();
    let mut capital = small.clone();
    capital[..1].make_ascii_uppercase();
    [small, id.to_ascii_uppercase(), capital].into_iter().find(|other| {
        // What is not there was answered already.
        other != id && service.store.event(other, seen, |_| ()).is_some()
    })
}

fn sold_out(id: &str, available: u32, requested: u32) -> Refusal {
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left"),
    };
    Refusal::sold_out(message, available, requested)
}
