//! DELETE.

use bookline_protocol::commands::Delete;
use bookline_protocol::commands::delete::{EntryKind, write_delete_reply, write_deleted_event_reply};
use bookline_protocol::reply::SeriesFields;
use bookline_protocol::{Refusal, Scope, Slot};

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::refusals::{no_such_event, not_freed, tickets};
use super::service::Service;
use super::turn::Turn;
use crate::state::{DeletedEntries, DeletionRejection, UnusedKey};

impl Command for Delete<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        match self {
            Self::Entry { who, slot, scope } => {
                let status = delete_entries(turn, service, key, who.as_str(), *slot, *scope);
                turn.charge_person_hours();
                status
            }
            Self::Event { event, drop_tickets } => {
                delete_event(turn, service, key, event.as_str(), *drop_tickets)
            }
        }
    }
}

fn delete_entries(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    who: &str,
    slot: Slot,
    scope: Option<Scope>,
) -> ExecutionStatus {
    turn.change(
        service,
        key,
        |context, keyed| service.store.delete_entries(context, who, slot, scope, keyed),
        |DeletedEntries { named, occurrences }, out| {
            let occurrences = *occurrences;
            let series = named.series.map(|id| SeriesFields { series: Some(id), occurrences });
            let kind = if named.content.is_meeting() { EntryKind::Meeting } else { EntryKind::Block };
            write_delete_reply(out, who, named.period, series, kind);
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
