//! DELETE.

use bookline_protocol::commands::Delete;
use bookline_protocol::commands::delete::{EntryKind, write_delete_reply, write_deleted_event_reply};
use bookline_protocol::{Period, Refusal, Scope, Slot};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::refusals::{no_such_event, not_freed, not_yet, tickets};
use super::service::Service;
use super::turn::Turn;
use crate::domain::calendar::Entry;
use crate::state::{DeletionRejection, UnusedKey};

impl Command for Delete<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        match self {
            Self::Entry { who, slot, scope: Scope::This } => {
                delete_entry(turn, service, key, who.as_str(), *slot)
            }
            Self::Entry { scope: Scope::Following | Scope::All, .. } => turn.refuse(not_yet()),
            Self::Event { event, drop_tickets } => {
                delete_event(turn, service, key, event.as_str(), *drop_tickets)
            }
        }
    }
}

fn delete_entry(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    slot: Slot,
) -> ExecutionStatus {
    turn.change(
        service,
        key,
        |context, keyed| service.store.free(context, who, slot, keyed),
        |entry, out| {
            let deleted = match entry {
                Entry::Block { .. } => EntryKind::Block,
                Entry::Meeting(_) => EntryKind::Meeting,
            };
            write_delete_reply(out, who, Period::of_slot(slot), None, deleted);
        },
        |rejection| not_freed(who, slot, rejection),
    )
}

fn delete_event(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    id: &str,
    drop_tickets: bool,
) -> ExecutionStatus {
    turn.change(
        service,
        key,
        |context, keyed| service.store.delete_event(context, id, drop_tickets, keyed),
        |deleted, out| write_deleted_event_reply(out, id, deleted.tickets, deleted.holds),
        |rejection| event_not_deleted(id, rejection),
    )
}

fn event_not_deleted(id: &str, rejection: DeletionRejection) -> Refusal {
    match rejection {
        DeletionRejection::NoSuchEvent => Refusal::not_found(no_such_event(id)),
        DeletionRejection::Sold { tickets: sold, holds } => {
            let noun = if holds == 1 { "hold" } else { "holds" };
            let message = format!(
                "event {id} has {sold} valid {} and {holds} active {noun}: CANCEL and RELEASE them, or drop \
                 them all by DELETE {id} tickets=drop",
                tickets(sold)
            );
            Refusal::conflict_sold(message, sold, holds)
        }
    }
}
