//! HOLD.

use bookline_protocol::commands::Hold;
use bookline_protocol::commands::hold::HoldStatusReply;
use bookline_protocol::reply::write_ok;
use bookline_protocol::{HoldId, Refusal, Text, Timestamp};

use super::book::not_booked;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::{no_such_hold, write_hold};
use super::service::Service;
use super::turn::Turn;
use crate::state::{NewHold, UnusedKey};

impl Command for Hold<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        match self {
            Self::Create { event, count, ttl_seconds, attendee } => {
                let attendee = attendee.as_ref().map_or("", Text::as_str);
                let new = NewHold { event: event.as_str(), count: *count, seconds: *ttl_seconds, attendee };
                create(turn, service, key, &new)
            }
            Self::Show { hold } => show(turn, service, *hold),
        }
    }
}

fn create(
    turn: &mut Turn,
    service: &Service,
    key: Option<UnusedKey<'_>>,
    new: &NewHold<'_>,
) -> ExecutionStatus {
    // A copy, because the turn is borrowed for the reply.
    let mut copy = [[0; 16]];
    let id = turn.ticket_ids.draw(1, service.store.place_cipher()).copied_to(&mut copy);
    turn.change(
        service,
        key,
        |context, keyed| service.store.hold(context, new, id, keyed),
        write_hold,
        |rejection| not_booked(new.event, rejection),
    )
}

fn show(turn: &mut Turn, service: &Service, hold: HoldId) -> ExecutionStatus {
    let Some(view) = service.store.hold_view(&mut turn.context, hold) else {
        let is_event = service.store.event(&mut turn.context, &hold.to_string(), |_| ()).is_some();
        return turn.refuse(if is_event { count_is_missing(hold) } else { no_such_hold(hold) });
    };
    let reply = HoldStatusReply {
        hold_id: hold,
        event_id: view.event.as_str().into(),
        tickets: view.hold.tickets,
        expires_at: Timestamp(view.hold.deadline),
        status: view.hold.status(turn.context.now),
    };
    write_ok(&mut turn.replies, &reply);
    ExecutionStatus::Complete
}

/// The refusal of a hold id that is the generated id of an event.
fn count_is_missing(event: HoldId) -> Refusal {
    Refusal::not_found(format!(
        "there is no hold {event}, but there is an event {event}: write HOLD {event} <n> to hold tickets of it"
    ))
}
