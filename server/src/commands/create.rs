//! CREATE.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Create;
use bookline_protocol::reply::{EventSale, LineKind, event_reply_prefix, write_event_reply};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::{EventValues, IdTaken, ticket_ids};

impl Command for Create<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let (name, date, tickets) = (self.name.as_str(), self.date, self.tickets);
        let drawn;
        let id = match &self.id {
            Some(id) => id.as_str(),
            None => {
                drawn = ticket_ids::event_id();
                &drawn
            }
        };
        let event = EventValues { id, name, date, total: tickets, issued: 0, terms: self.terms };
        match service.store.create(&mut turn.context, &event) {
            Ok(()) => {
                let prefix = event_reply_prefix(id, name, date, tickets);
                let sale = EventSale { available_tickets: tickets, held_tickets: 0, terms: self.terms };
                write_event_reply(&mut turn.replies, &prefix, sale, LineKind::Ok);
                ExecutionStatus::Complete
            }
            Err(error) => turn.fail(error, |turn, IdTaken| {
                turn.refuse(Refusal::conflict(format!(
                    "event id {id} is taken: choose another id, or leave id= out to have one made up"
                )))
            }),
        }
    }
}
