//! CHECKIN.

use bookline_protocol::commands::Checkin;
use bookline_protocol::{Refusal, TicketId, TicketStatus, Timestamp};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::ticket_replies::{no_such_ticket, write_ticket};
use super::turn::Turn;
use crate::domain::TicketState;
use crate::state::{CheckInRejection, TicketView, UnusedKey};

impl Command for Checkin {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let Self { ticket, undo } = *self;
        turn.change(
            service,
            key,
            |context, keyed| {
                service.store.check_in(context, ticket, undo, |view| line_of(ticket, view), keyed)
            },
            |line, out| out.extend_from_slice(line),
            |rejection| not_checked_in(ticket, rejection),
        )
    }
}

/// The reply, which is short enough to be written under a lock.
fn line_of(ticket: TicketId, view: TicketView<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    write_ticket(&mut line, ticket, view);
    line
}

fn not_checked_in(ticket: TicketId, rejection: CheckInRejection) -> Refusal {
    let state = match rejection {
        CheckInRejection::NoSuchTicket => return no_such_ticket(ticket),
        CheckInRejection::State(state) => state,
    };
    let message = match state.status() {
        TicketStatus::Booked => format!("ticket {ticket} is not checked in: there is nothing to take back"),
        TicketStatus::CheckedIn => format!("ticket {ticket} is checked in already{}", since(state)),
        TicketStatus::Cancelled => format!("ticket {ticket} is cancelled{}: it is not valid", since(state)),
    };
    Refusal::conflict_ticket(message, state.status(), state.at().map(Timestamp))
}

fn since(state: TicketState) -> String {
    state.at().map_or_else(String::new, |at| format!(" since {}", Timestamp(at)))
}
