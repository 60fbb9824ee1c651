//! RELEASE.

use bookline_protocol::commands::Release;
use bookline_protocol::commands::release::ReleaseReply;
use bookline_protocol::reply::write_ok;

use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::holds::not_possible;
use super::service::Service;
use super::turn::Turn;
use crate::state::UnusedKey;

impl Command for Release {
    fn execute(&self, turn: &mut Turn, service: &Service, key: Option<UnusedKey<'_>>) -> ExecutionStatus {
        turn.change(
            service,
            key,
            |context, keyed| service.store.release(context, self.hold, keyed),
            |released, out| {
                let reply = ReleaseReply {
                    hold_id: self.hold,
                    event_id: released.event.as_str().into(),
                    released: released.tickets,
                    available_tickets: released.available,
                };
                write_ok(out, &reply);
            },
            |rejection| not_possible(self.hold, rejection),
        )
    }
}
