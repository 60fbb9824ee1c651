//! UPDATE.

use bookline_protocol::commands::Update;
use bookline_protocol::reply::LineKind;
use bookline_protocol::{Refusal, Text};

use super::command::Command;
use super::events::write_event;
use super::execution_status::ExecutionStatus;
use super::refusals::{no_such_event, tickets};
use super::service::Service;
use super::turn::Turn;
use crate::domain::BelowSold;
use crate::state::{EventUpdate, UpdateRejection};

impl Command for Update<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service) -> ExecutionStatus {
        let id = self.event.as_str();
        let update = EventUpdate {
            name: self.name.as_ref().map(Text::as_str),
            date: self.date,
            total: self.tickets,
            sales: self.sales,
            max_per_booking: self.max_per_booking,
        };
        let Turn { context, replies, .. } = turn;
        let updated = service.store.update(context, id, &update, |event| {
            write_event(replies, event, LineKind::Ok);
        });
        match updated {
            Ok(()) => ExecutionStatus::Complete,
            Err(error) => turn.fail(error, |turn, rejection| turn.refuse(not_updated(id, rejection))),
        }
    }
}

fn not_updated(id: &str, rejection: UpdateRejection) -> Refusal {
    match rejection {
        UpdateRejection::NoSuchEvent => Refusal::not_found(no_such_event(id)),
        UpdateRejection::BelowSold(BelowSold { issued, held, requested }) => {
            let noun = tickets(requested);
            let held_too = if held == 0 { String::new() } else { format!(" and {held} held") };
            let message =
                format!("event {id} cannot have {requested} {noun} in all: {issued} are issued{held_too}");
            Refusal::conflict_issued(message, issued, held, requested)
        }
    }
}
