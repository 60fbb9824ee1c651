//! The reply that shows a ticket, and the refusal of an unknown one.

use bookline_protocol::commands::ticket::{WrittenTicket, write_ticket_reply};
use bookline_protocol::reply::name_and_date;
use bookline_protocol::{Refusal, TicketId, Timestamp};

use crate::state::TicketView;

/// Writes the reply of TICKET and CHECKIN.
pub fn write_ticket(out: &mut Vec<u8>, ticket: TicketId, view: TicketView<'_>) {
    let TicketView { event, state, attendee } = view;
    let written = WrittenTicket {
        ticket,
        event_id: &event.id,
        status: state.status(),
        at: state.at().map(Timestamp),
        attendee,
        name_and_date: name_and_date(&event.json, &event.id),
    };
    write_ticket_reply(out, &written);
}

pub fn no_such_ticket(ticket: TicketId) -> Refusal {
    Refusal::not_found(format!("no ticket {ticket} was issued: check that all 36 characters are right"))
}
