//! TICKET.

use bookline_protocol::commands::Ticket;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::ticket_replies::{no_such_ticket, write_ticket};
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Ticket {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let Self { ticket } = *self;
        let Turn { context, replies, .. } = turn;
        let found = service.store.ticket(context, ticket, |view| write_ticket(replies, ticket, view));
        match found {
            Some(()) => ExecutionStatus::Complete,
            None => turn.refuse(no_such_ticket(ticket)),
        }
    }
}
