//! TICKET.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Ticket;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;

impl Command for Ticket {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let Self { ticket } = *self;
        let Turn { context, replies, .. } = turn;
        let found = service.store.ticket(context, ticket, |event| {
            write_ok(replies, &TicketReply { ticket, event_id: event.id.as_str().into() });
        });
        match found {
            Some(()) => ExecutionStatus::Complete,
            None => turn.refuse(Refusal::not_found(format!(
                "no ticket {ticket} was issued: check that all 36 characters are right"
            ))),
        }
    }
}
