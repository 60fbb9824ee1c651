//! Events and their tickets.

use bookline_protocol::reply::{self, Kind};
use bookline_protocol::{Date, Id, Refusal, TicketId};

use super::{Answer, Service, Unanswered, unanswered, unexpected};
use crate::domain::Refused;
use crate::mint;
use crate::store::{Declined, NewEvent};

/// CREATE
pub(super) fn create(
    service: &Service,
    name: &str,
    date: Date,
    tickets: u32,
    id: Option<&Id<'_>>,
    answer: &mut Answer,
) -> Result<(), Unanswered> {
    let minted;
    let id = match id {
        Some(id) => id.as_str(),
        None => {
            minted = mint::event_id();
            &minted
        }
    };
    let event = NewEvent { id, name, date, total: tickets, issued: 0 };
    let created = service.store.create(&event, answer.micros, &mut answer.seen);
    created.map_err(|declined| {
        unanswered(declined, |declined| match declined {
            Declined::IdTaken => Refusal::conflict(format!(
                "event id {id} is taken: choose another id, or leave id= out to have one made up"
            )),
            other => unexpected(&other),
        })
    })?;
    reply::write_event(&mut answer.out, &reply::event_prefix(id, name, date, tickets), tickets, Kind::Ok);
    Ok(())
}

/// GET of one event
pub(super) fn show(service: &Service, id: &str, answer: &mut Answer) -> Result<(), Unanswered> {
    let Answer { out, seen, .. } = answer;
    let shown = service.store.event(id, seen, |event| {
        reply::write_event(out, &event.json, event.sale.available(), Kind::Ok);
    });
    shown.ok_or_else(|| no_such_event(id).into())
}

/// BOOK
pub(super) fn book(service: &Service, id: &str, count: u32, answer: &mut Answer) -> Result<(), Unanswered> {
    // Drawn before the lock is taken.
    let tickets = answer.mint.draw(count);
    let booked = service.store.book(id, tickets, answer.micros, &mut answer.seen);
    let available = booked.map_err(|declined| {
        unanswered(declined, |declined| match declined {
            Declined::NoSuchEvent => no_such_event(id),
            Declined::Refused(Refused::SoldOut { available, requested }) => {
                sold_out(id, available, requested)
            }
            other => unexpected(&other),
        })
    })?;
    reply::write_booked(&mut answer.out, id, tickets, available);
    answer.mint.shrink();
    Ok(())
}

/// TICKET
pub(super) fn ticket(service: &Service, ticket: TicketId, answer: &mut Answer) -> Result<(), Unanswered> {
    let Answer { out, seen, .. } = answer;
    let found = service.store.ticket(ticket, seen, |event| {
        reply::ok(out, &reply::Ticket { ticket, event_id: event.id.as_str().into() });
    });
    found.ok_or_else(|| {
        Refusal::not_found(format!("no ticket {ticket} was issued: check that all 36 characters are right"))
            .into()
    })
}

fn no_such_event(id: &str) -> Refusal {
    Refusal::not_found(format!("there is no event {id}: GET lists all events"))
}

fn sold_out(id: &str, available: u32, requested: u32) -> Refusal {
    let message = match available {
        0 => format!("event {id} is sold out: {requested} asked for, none left"),
        left => format!("event {id} has too few tickets: {requested} asked for, {left} left"),
    };
    Refusal::sold_out(message, available, requested)
}
