//! TICKET.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Ticket;
use bookline_protocol::commands::ticket::TicketReply;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn_context::TurnContext;

impl Command for Ticket {
    fn execute(&self, context: &mut TurnContext, service: &Service) -> ExecutionStatus {
        let Self { ticket } = *self;
        let TurnContext { replies, depends_on, .. } = context;
        let found = service.store.ticket(ticket, depends_on, |event| {
            write_ok(replies, &TicketReply { ticket, event_id: event.id.as_str().into() });
        });
        match found {
            Some(()) => ExecutionStatus::Complete,
            None => context.refuse(Refusal::not_found(format!(
                "no ticket {ticket} was issued: check that all 36 characters are right"
            ))),
        }
    }
}
