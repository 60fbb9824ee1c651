//! UPDATE.

use bookline_protocol::commands::Update;
use bookline_protocol::reply::{LineKind, event_reply_prefix, write_event_reply};
use bookline_protocol::{Refusal, Text};

use super::command::Command;
use super::events::event_sale;
use super::execution_status::ExecutionStatus;
use super::refusals::{no_such_event, tickets};
use super::service::Service;
use super::turn::Turn;
use crate::domain::BelowSold;
use crate::state::{EventUpdate, UnusedKey, UpdateRejection, UpdatedEvent};

impl Command for Update<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let id = self.event.as_str();
        let update = EventUpdate {
            name: self.name.as_ref().map(Text::as_str),
            date: self.date,
            total: self.tickets,
            sales: self.sales,
            max_per_booking: self.max_per_booking,
        };
        turn.change(
            service,
            key,
            |context, keyed| service.store.update(context, id, &update, keyed),
            |UpdatedEvent { name, date, sale }, out| {
                let prefix = event_reply_prefix(id, name, *date, sale.total);
                write_event_reply(out, &prefix, event_sale(sale), LineKind::Ok);
            },
            |rejection| not_updated(id, rejection),
        )
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
