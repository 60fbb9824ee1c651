//! CANCEL.

use bookline_protocol::Refusal;
use bookline_protocol::commands::Cancel;
use bookline_protocol::commands::cancel::write_cancel_reply;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::state::{CancellationRejection, UnusedKey};

impl Command for Cancel {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        turn.change(
            service,
            key,
            |context, keyed| service.store.cancel(context, &self.tickets, keyed),
            |events, out| {
                let events = events.iter().map(|(id, available)| (id.as_str(), *available));
                write_cancel_reply(out, &self.tickets, events);
            },
            |rejection| not_cancelled(self.tickets.len(), rejection),
        )
    }
}

fn not_cancelled(requested: usize, rejection: CancellationRejection) -> Refusal {
    match rejection {
        CancellationRejection::Unknown(tickets) => {
            let message = format!(
                "none is cancelled: {} of {requested} were never issued, check that all 36 characters are right",
                tickets.len()
            );
            Refusal::not_found_tickets(message, tickets)
        }
        CancellationRejection::NotBooked(tickets) => {
            let message = format!(
                "none is cancelled: {} of {requested} are cancelled already or checked in, TICKET shows which",
                tickets.len()
            );
            Refusal::conflict_tickets(message, tickets)
        }
    }
}
