//! CREATE.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Create;
use bookline_protocol::reply::{EventSale, LineKind, event_reply_prefix, write_event_reply};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::{EventValues, IdTaken, UnusedKey, ticket_ids};

impl Command for Create<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
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
        turn.change(
            service,
            key,
            |context, keyed| service.store.create(context, &event, keyed),
            |(), out| {
                let prefix = event_reply_prefix(id, name, date, tickets);
                let sale = EventSale { available_tickets: tickets, held_tickets: 0, terms: self.terms };
                write_event_reply(out, &prefix, sale, LineKind::Ok);
            },
            |IdTaken| {
                Refusal::conflict(format!(
                    "event id {id} is taken: choose another id, or leave id= out to have one made up"
                ))
            },
        )
    }
}
